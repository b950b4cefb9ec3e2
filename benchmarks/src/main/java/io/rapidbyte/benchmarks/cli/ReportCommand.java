// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.cli;

import io.rapidbyte.benchmarks.report.HtmlReport;
import io.rapidbyte.benchmarks.report.MarkdownFigures;
import io.rapidbyte.benchmarks.result.Iteration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Shows results. */
@Command(
        name = "report",
        mixinStandardHelpOptions = true,
        description = "Makes an HTML page of results, or fills the tables of a Markdown file.")
final class ReportCommand implements Callable<Integer> {
    @Mixin
    private ResultsMixin results;

    @Option(
            names = "--out",
            paramLabel = "FILE",
            description = "The page that is written, one file with everything in it.")
    private Path out;

    @Option(
            names = "--markdown",
            paramLabel = "FILE",
            description =
                    "A Markdown file whose tables between '<!-- figures:… -->' and '<!-- /figures -->' are made anew.")
    private Path markdown;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        if (out == null && markdown == null) {
            throw new IllegalArgumentException(
                    "Name what is to be written: --out report.html, --markdown FILE, or both.");
        }
        List<Iteration> iterations = results.read();
        if (out != null) {
            // Plots are drawn into a file; a desktop that is there is not to show a program for it.
            System.setProperty("java.awt.headless", "true");
            Path page = ResultsMixin.inTree(out);
            Files.createDirectories(page.getParent());
            Files.writeString(page, HtmlReport.of(iterations));
            wrote(page);
        }
        if (markdown != null) {
            Path document = ResultsMixin.inTree(markdown);
            if (!Files.exists(document)) {
                throw new IllegalArgumentException("There is no file " + document + " to fill the tables of.");
            }
            Files.writeString(
                    document,
                    new MarkdownFigures(iterations).replaceIn(markdown.toString(), Files.readString(document)));
            wrote(document);
        }
        return 0;
    }

    private void wrote(Path file) {
        spec.commandLine().getErr().println("wrote " + file);
    }
}
