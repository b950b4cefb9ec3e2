// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.run;

import com.sun.management.OperatingSystemMXBean;
import io.rapidbyte.benchmarks.result.Environment;
import io.rapidbyte.benchmarks.worker.Build;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** What is known of this machine and of the source tree that the harness runs from. */
public final class Machine {
    private static final String UNKNOWN = "unknown";

    private Machine() {}

    /** The code of this process, with what git says of the tree it was built in. */
    public static Build ownBuild() {
        Path tree = Path.of(git(Path.of(""), "rev-parse", "--show-toplevel").orElse("."));
        return new Build(
                git(tree, "rev-parse", "HEAD").orElse(UNKNOWN),
                git(tree, "rev-parse", "--abbrev-ref", "HEAD").orElse(UNKNOWN),
                git(tree, "status", "--porcelain")
                        .map(changes -> !changes.isEmpty())
                        .orElse(false),
                tree,
                Build.ownClassPath());
    }

    static Environment environment(Build build, String jdk, String postgres, String runner) {
        return new Environment(
                build.commit(),
                build.branch(),
                build.dirty(),
                jdk,
                cpu(),
                Runtime.getRuntime().availableProcessors(),
                ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize(),
                System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                        + System.getProperty("os.arch"),
                postgres,
                runner);
    }

    private static String cpu() {
        try {
            return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
                    .filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse(System.getProperty("os.arch"));
        } catch (IOException e) {
            return System.getProperty("os.arch");
        }
    }

    /** The output of a git command; empty when it fails, as it does outside of a repository. */
    private static Optional<String> git(Path folder, String... arguments) {
        String[] command = new String[arguments.length + 1];
        command[0] = "git";
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        try {
            Process process = new ProcessBuilder(command)
                    .directory(folder.toAbsolutePath().toFile())
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return process.waitFor() == 0 ? Optional.of(output) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }
}
