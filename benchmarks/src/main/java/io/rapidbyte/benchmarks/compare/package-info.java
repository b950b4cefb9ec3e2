// SPDX-License-Identifier: Apache-2.0
/** Compares two versions: builds them, and tells whether one is slower than the other. Knows nothing of how a copy is made. */
package io.rapidbyte.benchmarks.compare;
