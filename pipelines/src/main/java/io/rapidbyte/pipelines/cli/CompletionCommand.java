// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code rapidbyte completion}. */
@Command(
        name = "completion",
        header = "Writes a script that completes commands and options in your shell.",
        description = "Writes a script by which bash or zsh completes the commands, options and values of rapidbyte.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  source <(./rapidbyte completion bash)",
            "  ./rapidbyte completion zsh > ~/.rapidbyte-completion",
            "",
            "The first holds for the shell it is given to; for all to come, write the script to a file and source it in"
                    + " ~/.bashrc or ~/.zshrc.",
            "",
            "Read on: docs/commands.md"
        },
        mixinStandardHelpOptions = true)
final class CompletionCommand implements RapidbyteCommand {
    /** Shells that there are scripts for. */
    enum Shell {
        /** GNU Bash. */
        BASH,
        /** The Z shell, through its emulation of bash's completion. */
        ZSH;

        @Override
        public String toString() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    private final CommandContext context;

    @Spec
    private CommandSpec spec;

    @Mixin
    private OutputOptions output;

    @Parameters(paramLabel = "SHELL", description = "${COMPLETION-CANDIDATES}.")
    private Shell shell;

    CompletionCommand(CommandContext context) {
        this.context = context;
    }

    @Override
    public OutputOptions output() {
        return output;
    }

    @Override
    public ExitCode call() {
        // The script asks which of the two shells it is in.
        String script = AutoComplete.bash(spec.root().name(), spec.root().commandLine());
        context.console()
                .out()
                .println(
                        output.json()
                                ? JsonOutput.text(JsonOutput.object("ok")
                                        .put("shell", shell.toString())
                                        .put("script", script))
                                : script);
        return ExitCode.OK;
    }
}
