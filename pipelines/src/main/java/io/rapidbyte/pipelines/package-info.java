// SPDX-License-Identifier: Apache-2.0
/**
 * The program people start: the {@code rapidbyte} command line. This package holds only its entry point; what a command
 * does is in the packages below it.
 */
package io.rapidbyte.pipelines;
