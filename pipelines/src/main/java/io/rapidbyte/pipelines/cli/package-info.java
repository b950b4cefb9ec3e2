// SPDX-License-Identifier: Apache-2.0
/**
 * The command line: its commands and options, what is written to standard output and standard error, and which exit code
 * a failure has. Results go to standard output, everything else to standard error. Nothing here ends the process.
 */
package io.rapidbyte.pipelines.cli;
