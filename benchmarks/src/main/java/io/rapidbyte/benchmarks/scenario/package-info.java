// SPDX-License-Identifier: Apache-2.0
/** What is to be measured: scenarios, written in YAML. */
package io.rapidbyte.benchmarks.scenario;
