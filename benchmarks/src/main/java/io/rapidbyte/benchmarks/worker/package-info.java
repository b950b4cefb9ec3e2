// SPDX-License-Identifier: Apache-2.0
/** Processes in which contenders copy, each in one of its own, so that none profits or suffers from another's heap and compiled code. */
package io.rapidbyte.benchmarks.worker;
