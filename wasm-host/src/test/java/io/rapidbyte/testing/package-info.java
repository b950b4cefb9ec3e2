// SPDX-License-Identifier: Apache-2.0
/**
 * A real Postgres for the tests of every module: one server for each JVM, one schema for each test. It knows nothing of
 * Rapidbyte.
 */
package io.rapidbyte.testing;
