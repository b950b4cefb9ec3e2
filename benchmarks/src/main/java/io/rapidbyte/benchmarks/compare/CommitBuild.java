// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.compare;

import io.rapidbyte.pipelines.run.ExitHooks;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * The code of a commit, built in a work tree of its own, which closing removes. The present tree is what it is, and is neither built nor
 * removed.
 */
public final class CommitBuild implements AutoCloseable {
    /** The present tree with what differs from its commit. */
    public static final String WORKTREE = "WORKTREE";

    private static final String PRESENT_FOLDER = ".";

    // Maven's own advice is ten lines at the end of every failure.
    private static final int TAIL = 30;

    // Relative, so that every module has its own, and that of the benchmarks is not the one that happened to be written
    // last.
    private static final String CLASS_PATH_FILE = "target/benchmark-class-path.txt";

    private final Path repository;
    private final String commit;
    private final Path folder;
    private final ExitHooks.Registration hook;
    private List<Path> classPath = List.of();

    private CommitBuild(Path repository, String commit, Path folder) {
        this.repository = repository;
        this.commit = commit;
        this.folder = folder;
        this.hook = folder == null ? null : ExitHooks.register(this::removeWorktree);
    }

    /**
     * Builds a commit, which takes minutes.
     *
     * @param repository the root of a clone of this repository
     * @param commit what git takes for a commit, or {@code .} or {@link #WORKTREE} for the present tree and this process's class path
     * @throws IOException when there is no such commit or it cannot be built; a sentence, for a build with the last lines it wrote
     * @throws InterruptedException when the thread is interrupted, which ends the build
     */
    public static CommitBuild of(Path repository, String commit) throws IOException, InterruptedException {
        if (isPresent(commit)) {
            CommitBuild present = new CommitBuild(repository, resolve(repository, commit), null);
            present.classPath = Arrays.stream(
                            System.getProperty("java.class.path").split(File.pathSeparator))
                    .map(Path::of)
                    .toList();
            return present;
        }
        String full = resolve(repository, commit);
        CommitBuild build = new CommitBuild(repository, full, Files.createTempDirectory("rapidbyte-commit-"));
        try {
            Output added = run(
                    repository,
                    "git",
                    "worktree",
                    "add",
                    "--detach",
                    build.tree().toString(),
                    full);
            if (added.code() != 0) {
                throw new IOException("git made no work tree of " + commit + " in " + repository + ": " + added.tail());
            }
            build.build(commit);
            return build;
        } catch (IOException | InterruptedException | RuntimeException e) {
            build.close();
            throw e;
        }
    }

    /** Whether a name stands for the present tree and not for a commit. */
    public static boolean isPresent(String commit) {
        return commit.equals(PRESENT_FOLDER) || commit.equals(WORKTREE);
    }

    /** The commit's full name; that of the present tree is the one it differs from, if it differs. */
    public String commit() {
        return commit;
    }

    /** Where the sources are. */
    public Path tree() {
        return folder == null ? repository : folder.resolve("tree");
    }

    /** What a JVM needs to run the benchmarks of this commit, in this order. */
    public List<Path> classPath() {
        return classPath;
    }

    /** Removes the work tree. What cannot be removed stays for the next {@code git worktree prune}. */
    @Override
    public void close() {
        if (folder != null) {
            hook.close();
            removeWorktree();
        }
    }

    private void build(String name) throws IOException, InterruptedException {
        Output output = run(
                tree(),
                tree().resolve("mvnw").toString(),
                "-q",
                "-B",
                "package",
                "dependency:build-classpath",
                "-DskipTests",
                // What is not formatted can be measured.
                "-Dspotless.check.skip=true",
                "-Dcheckstyle.skip=true",
                "-pl",
                "benchmarks",
                "-am",
                "-Dmdep.outputFile=" + CLASS_PATH_FILE);
        Path classes = tree().resolve("benchmarks/target/classes");
        Path list = tree().resolve("benchmarks").resolve(CLASS_PATH_FILE);
        if (output.code() != 0 || !Files.exists(list)) {
            throw new IOException("The commit " + name + " does not build; ./mvnw ended with exit code " + output.code()
                    + " and these last lines:\n" + output.tail());
        }
        List<Path> paths = new ArrayList<>(List.of(classes));
        for (String path :
                Files.readString(list, StandardCharsets.UTF_8).strip().split(File.pathSeparator)) {
            paths.add(Path.of(path));
        }
        classPath = List.copyOf(paths);
    }

    /**
     * The full name of a commit; for the present tree, of the one that it differs from, if it differs.
     *
     * @throws IOException when there is no such commit; a sentence
     */
    public static String resolve(Path repository, String commit) throws IOException, InterruptedException {
        String named = isPresent(commit) ? "HEAD" : commit;
        Output output = run(repository, "git", "rev-parse", "--verify", "--end-of-options", named + "^{commit}");
        if (output.code() != 0) {
            throw new IOException("There is no commit '" + commit + "' in " + repository + ": " + output.tail());
        }
        return output.text().strip();
    }

    private void removeWorktree() {
        // A build that was interrupted may still write, and git refuses a tree it did not finish making; so by hand
        // what git leaves.
        boolean interrupted = Thread.interrupted();
        try {
            run(repository, "git", "worktree", "remove", "--force", tree().toString());
            try (Stream<Path> left = Files.walk(folder)) {
                left.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
            }
            run(repository, "git", "worktree", "prune");
        } catch (IOException | UncheckedIOException e) {
            // Files in a temporary folder are all that stays, and the measurement is worth more than its failure.
            folder.toFile().deleteOnExit();
        } catch (InterruptedException e) {
            interrupted = true;
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static Output run(Path folder, String... command) throws IOException, InterruptedException {
        // Through a file: waiting for a process can be interrupted, reading from one cannot.
        Path text = Files.createTempFile("rapidbyte-commit-", ".log");
        try {
            Process process = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(text.toFile())
                    .start();
            try {
                process.getOutputStream().close();
                int code = process.waitFor();
                return new Output(code, Files.readString(text, StandardCharsets.UTF_8));
            } finally {
                process.descendants().forEach(ProcessHandle::destroy);
                process.destroy();
            }
        } finally {
            Files.delete(text);
        }
    }

    private record Output(int code, String text) {
        /** The last lines that are not empty. */
        String tail() {
            List<String> lines = text.lines().filter(line -> !line.isBlank()).toList();
            return lines.isEmpty()
                    ? "(it wrote nothing)"
                    : String.join("\n", lines.subList(Math.max(0, lines.size() - TAIL), lines.size()));
        }
    }
}
