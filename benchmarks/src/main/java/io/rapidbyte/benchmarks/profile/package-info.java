// SPDX-License-Identifier: Apache-2.0
/**
 * Where the processor time of a copy goes: profiles of a JVM in which guest code appears under the names of its source. Knows neither
 * scenarios nor contenders: whoever starts a process decides what it does.
 */
package io.rapidbyte.benchmarks.profile;
