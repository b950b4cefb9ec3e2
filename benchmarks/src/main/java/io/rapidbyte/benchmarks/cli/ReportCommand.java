// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.cli;

import io.rapidbyte.benchmarks.report.HtmlReport;
import io.rapidbyte.benchmarks.report.MarkdownFigures;
import io.rapidbyte.benchmarks.result.Iteration;
import io.rapidbyte.benchmarks.result.ResultsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Shows results. */
@Command(
        name = "report",
        mixinStandardHelpOptions = true,
        description = "Makes an HTML page of results, or fills the tables of a Markdown file.")
final class ReportCommand implements Callable<Integer> {
    @Option(
            names = "--results",
            paramLabel = "FILE",
            defaultValue = "benchmarks/results/results.jsonl",
            description =
                    "Where the results are read from; several are read one after the other. Default ${DEFAULT-VALUE}.")
    private List<Path> results;

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
        List<Iteration> iterations = new ArrayList<>();
        for (Path file : results) {
            iterations.addAll(new ResultsFile(file).read());
        }
        if (out != null) {
            // Plots are drawn into a file; a desktop that is there is not to show a program for it.
            System.setProperty("java.awt.headless", "true");
            Path folder = out.toAbsolutePath().getParent();
            Files.createDirectories(folder);
            Files.writeString(out, HtmlReport.of(iterations));
            wrote(out);
        }
        if (markdown != null) {
            if (!Files.exists(markdown)) {
                throw new IllegalArgumentException("There is no file " + markdown + " to fill the tables of.");
            }
            Files.writeString(
                    markdown,
                    new MarkdownFigures(iterations).replaceIn(markdown.toString(), Files.readString(markdown)));
            wrote(markdown);
        }
        return 0;
    }

    private void wrote(Path file) {
        spec.commandLine().getErr().println("wrote " + file);
    }
}
