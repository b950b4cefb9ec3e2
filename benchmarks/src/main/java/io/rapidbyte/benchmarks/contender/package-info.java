// SPDX-License-Identifier: Apache-2.0
/** The ways to copy a table that are measured: Rapidbyte's own, and its peers. */
package io.rapidbyte.benchmarks.contender;
