// SPDX-License-Identifier: Apache-2.0
/** Measurements: how fast the project is, beside what else moves a table. Nothing else may depend on this package. */
package io.rapidbyte.benchmarks;
