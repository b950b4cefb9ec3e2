// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code rapidbyte state}, which is nothing without one of its commands. */
@Command(
        name = "state",
        description = "Shows or changes what a pipeline remembers between its runs.",
        synopsisSubcommandLabel = "COMMAND",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./rapidbyte state show shop.yaml",
            "  ./rapidbyte state reset --stream orders shop.yaml",
            "",
            "Read on: docs/state.md."
        },
        mixinStandardHelpOptions = true)
final class StateCommand {
    private StateCommand() {}

    static CommandLine of(CommandContext context) {
        return new CommandLine(new StateCommand())
                .addSubcommand(new StateShowCommand(context))
                .addSubcommand(new StateResetCommand(context))
                .addSubcommand(new StateAcceptCommand(context));
    }
}
