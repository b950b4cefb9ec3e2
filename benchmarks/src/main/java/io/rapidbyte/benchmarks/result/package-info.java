// SPDX-License-Identifier: Apache-2.0
/** What was measured: one JSON line for each iteration, and the statistics over them. */
package io.rapidbyte.benchmarks.result;
