// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.cli;

import io.rapidbyte.benchmarks.result.Iteration;
import io.rapidbyte.benchmarks.result.ResultsFile;
import io.rapidbyte.benchmarks.run.Machine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.Option;

/** What every command that reads results understands. */
final class ResultsMixin {
    @Option(
            names = "--results",
            paramLabel = "FILE",
            defaultValue = "benchmarks/results/results.jsonl",
            description =
                    "Where results are read from, several one after the other; default ${DEFAULT-VALUE} in the source tree.")
    private List<Path> files;

    List<Iteration> read() throws IOException {
        List<Iteration> iterations = new ArrayList<>();
        for (Path file : files) {
            iterations.addAll(new ResultsFile(inTree(file)).read());
        }
        return iterations;
    }

    /**
     * Where a command adds results that also reads them.
     *
     * @throws IllegalArgumentException when several files were named
     */
    ResultsFile one() {
        if (files.size() > 1) {
            throw new IllegalArgumentException("Results are added to one file, and --results names "
                    + files.stream().map(Path::toString).collect(Collectors.joining(" and ")) + ".");
        }
        return new ResultsFile(inTree(files.get(0)));
    }

    /** Where a file is that an option names: Maven may start this process in any folder of the source tree. */
    static Path inTree(Path file) {
        return file.isAbsolute() ? file : Machine.ownBuild().tree().resolve(file);
    }
}
