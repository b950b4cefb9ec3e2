// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/** Gives the help of all commands one shape: what it is for, what it takes, what all commands take, exit codes, examples. */
final class HelpLayout {
    /** The width of a page, whatever the terminal's: longer lines are no easier to read. */
    private static final int WIDTH = 80;

    /** The options of {@link OutputOptions}, and those that picocli adds. */
    private static final Set<String> SHARED = Set.of("--quiet", "--verbose", "--json", "--help", "--version");

    private HelpLayout() {}

    static void apply(CommandLine root, boolean styled) {
        root.setColorScheme(Help.defaultColorScheme(styled ? Ansi.ON : Ansi.OFF));
        root.setUsageHelpWidth(WIDTH);
        shape(root);
    }

    private static void shape(CommandLine command) {
        command.getCommandSpec().exitCodeOnInvalidInput(ExitCode.USAGE.code());
        UsageMessageSpec usage = command.getCommandSpec().usageMessage();
        usage.descriptionHeading("%n");
        usage.parameterListHeading("%nParameters:%n");
        usage.commandListHeading("%nCommands:%n");
        usage.exitCodeListHeading("%nExit codes:%n");
        usage.exitCodeList(exitCodes());
        // One that is written by hand has lines of its own, and so its heading.
        usage.synopsisHeading(usage.customSynopsis().length > 0 ? "" : "@|bold Usage:|@ ");
        // The line that the list of commands shows says less than the description.
        command.getHelpSectionMap().put(UsageMessageSpec.SECTION_KEY_HEADER, help -> "");
        command.getHelpSectionMap().put(UsageMessageSpec.SECTION_KEY_OPTION_LIST_HEADING, help -> "");
        command.getHelpSectionMap().put(UsageMessageSpec.SECTION_KEY_OPTION_LIST, HelpLayout::options);
        command.getSubcommands().values().forEach(HelpLayout::shape);
    }

    /** What is special of the command first. */
    private static String options(Help help) {
        List<OptionSpec> own = new ArrayList<>();
        List<OptionSpec> shared = new ArrayList<>();
        for (OptionSpec option : help.commandSpec().options()) {
            (SHARED.contains(option.longestName()) ? shared : own).add(option);
        }
        return section("Options:", own, help)
                + section(own.isEmpty() ? "Options:" : "Options of all commands:", shared, help);
    }

    private static String section(String heading, List<OptionSpec> options, Help help) {
        return options.isEmpty() ? "" : "%n%s%n".formatted(heading) + help.optionListExcludingGroups(options);
    }

    private static Map<String, String> exitCodes() {
        Map<String, String> codes = new LinkedHashMap<>();
        for (ExitCode code : ExitCode.values()) {
            codes.put(String.valueOf(code.code()), code.meaning());
        }
        return codes;
    }
}
