// SPDX-License-Identifier: Apache-2.0
/** Measures a scenario: its contenders in turn, every copy compared with its source. */
package io.rapidbyte.benchmarks.run;
