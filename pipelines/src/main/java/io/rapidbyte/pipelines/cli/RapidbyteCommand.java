// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import java.util.concurrent.Callable;

/** One command. It writes its result, and throws when it fails. */
interface RapidbyteCommand extends Callable<ExitCode> {
    /** The options that all commands share. */
    OutputOptions output();
}
