// SPDX-License-Identifier: Apache-2.0
/** The harness's command line. */
package io.rapidbyte.benchmarks.cli;
