// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import picocli.CommandLine.Command;

/** {@code rapidbyte connectors}, which only has commands below it. */
@Command(
        name = "connectors",
        header = "Shows which connectors there are, and what each says of itself.",
        description =
                "Shows which connectors there are, and what each says of itself. No code of a connector is run for it.",
        synopsisSubcommandLabel = "COMMAND",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./rapidbyte connectors list",
            "  ./rapidbyte connectors inspect source-postgres",
            "",
            "Read on: docs/abi.md is what a connector has to be."
        },
        mixinStandardHelpOptions = true)
final class ConnectorsCommand {}
