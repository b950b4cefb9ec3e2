// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.cli;

import io.rapidbyte.benchmarks.contender.Contenders;
import io.rapidbyte.benchmarks.profile.AsyncProfiler;
import io.rapidbyte.benchmarks.profile.FlameGraph;
import io.rapidbyte.benchmarks.profile.GuestNames;
import io.rapidbyte.benchmarks.result.ResultsFile;
import io.rapidbyte.benchmarks.run.Machine;
import io.rapidbyte.benchmarks.run.RunListener;
import io.rapidbyte.benchmarks.scenario.Measure;
import io.rapidbyte.benchmarks.scenario.Scenario;
import io.rapidbyte.benchmarks.worker.Build;
import io.rapidbyte.benchmarks.worker.Worker;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Shows where the processor time of a contender goes. */
@Command(
        name = "profile",
        mixinStandardHelpOptions = true,
        description = {
            "Samples the first contender of a scenario, and draws a flame graph of host and guest code.",
            "In the steady state the copies after the warm-up are sampled; in a process of its own all of it is, from its start."
        })
final class ProfileCommand implements Callable<Integer> {
    @Parameters(
            paramLabel = "SCENARIO",
            arity = "0..1",
            description = "Name of a scenario, or a YAML file; default ${DEFAULT-VALUE}.",
            defaultValue = "pipe")
    private String name;

    @Option(
            names = "--out",
            paramLabel = "FILE",
            defaultValue = "benchmarks/results/profile.html",
            description =
                    "Where the flame graph goes, with a .txt of the collapsed stacks and a .md of the summary beside it;"
                            + " default ${DEFAULT-VALUE} in the source tree.")
    private Path out;

    @Option(
            names = "--top",
            paramLabel = "N",
            defaultValue = "15",
            description = "How many functions the summary lists; default ${DEFAULT-VALUE}.")
    private int top;

    @Mixin
    private MeasureOptionsMixin options;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        Build build = Machine.ownBuild();
        Path html = ResultsMixin.inTree(out).toAbsolutePath();
        Files.createDirectories(html.getParent());
        Path stacks = Files.createTempFile("rapidbyte-benchmark-", ".collapsed");
        // What is sampled is slower for it, and no result.
        Path iterations = Files.createTempFile("rapidbyte-benchmark-", ".jsonl");
        try {
            AsyncProfiler profiler = AsyncProfiler.find();
            profiler.note().ifPresent(options.printer()::progress);
            sample(profiler, build, stacks, new ResultsFile(iterations));
            write(FlameGraph.read(stacks), html);
            return 0;
        } finally {
            Files.deleteIfExists(stacks);
            Files.deleteIfExists(iterations);
        }
    }

    private void sample(AsyncProfiler profiler, Build build, Path stacks, ResultsFile results) throws Exception {
        Scenario asked = options.scenario(name);
        // One contender: others would only take time. One iteration in a process of its own: a second would overwrite
        // the first's stacks.
        if (Contenders.of(asked.contenders().get(0)).startsPrograms()) {
            throw new IllegalArgumentException(
                    "The contender " + asked.contenders().get(0).contender()
                            + " starts programs of its own, which are not sampled; name another with --only.");
        }
        Scenario scenario = asked.of(List.of(asked.contenders().get(0)), Map.of());
        if (scenario.measure() == Measure.PROCESS) {
            options.measure(
                    scenario.with(null, null, 1),
                    List.of(build),
                    results,
                    profiler.agentArguments(stacks),
                    options.printer());
            return;
        }
        // A process is there, and can be sampled, once it has made a copy.
        Scenario warmed = scenario.with(null, Math.max(1, scenario.warmup()), null);
        RunListener printer = options.printer();
        options.measure(warmed, List.of(build), results, AsyncProfiler.preciseArguments(), new RunListener() {
            @Override
            public void progress(String line) {
                printer.progress(line);
            }

            @Override
            public void warm(Worker worker) throws IOException {
                profiler.start(worker.pid());
            }

            @Override
            public void done(Worker worker) throws IOException {
                profiler.dump(worker.pid(), stacks);
            }
        });
    }

    private void write(FlameGraph sampled, Path html) throws IOException {
        FlameGraph graph = sampled.withGuestNames(GuestNames.ofBundled()).withThreadKinds();
        String base = html.toString().replaceFirst("\\.html$", "");
        graph.writeHtml(html, "Rapidbyte, " + name);
        graph.writeCollapsed(Path.of(base + ".txt"));
        String summary = graph.summary().toMarkdown(top);
        Files.writeString(Path.of(base + ".md"), summary);
        PrintWriter printed = spec.commandLine().getOut();
        printed.println(summary);
        printed.println("The flame graph is " + html + ".");
        printed.flush();
    }
}
