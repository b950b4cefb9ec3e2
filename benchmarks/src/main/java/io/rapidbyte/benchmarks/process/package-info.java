// SPDX-License-Identifier: Apache-2.0
/** What processes use of the machine. Knows nothing of what they are for. */
package io.rapidbyte.benchmarks.process;
