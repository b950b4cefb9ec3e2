// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.compare;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The builds here are shell scripts in the place of Maven's. */
@DisabledOnOs(OS.WINDOWS)
class CommitBuildTest {
    @TempDir
    Path repository;

    @BeforeEach
    void makeRepository() throws Exception {
        git("init", "-q", "-b", "main");
    }

    @Test
    void aCommitIsBuiltInATreeOfItsOwnThatClosingRemoves() throws Exception {
        commit("""
                mkdir -p benchmarks/target/classes
                printf '/one.jar%s/two.jar' "$SEPARATOR" >benchmarks/target/benchmark-class-path.txt
                """.replace("$SEPARATOR", File.pathSeparator));
        Path tree;

        try (CommitBuild build = CommitBuild.of(repository, "HEAD")) {
            tree = build.tree();
            assertThat(
                    build.classPath(),
                    contains(tree.resolve("benchmarks/target/classes"), Path.of("/one.jar"), Path.of("/two.jar")));
            assertThat(build.commit(), is(git("rev-parse", "HEAD").strip()));
            assertThat(
                    git("worktree", "list"), containsString(tree.getFileName().toString()));
        }

        assertThat(Files.exists(tree.getParent()), is(false));
        assertThat(git("worktree", "list").lines().count(), is(1L));
    }

    @Test
    void aCommitThatDoesNotBuildIsToldWithTheEndOfItsBuild() throws Exception {
        commit("""
                for line in $(seq 100); do echo "line $line"; done
                echo 'Everything.java: it is all wrong' >&2
                exit 3
                """);

        IOException failure = assertThrows(IOException.class, () -> CommitBuild.of(repository, "main"));

        assertThat(
                failure.getMessage(),
                allOf(
                        startsWith("The commit main does not build; ./mvnw ended with exit code 3"),
                        containsString("line 100\nEverything.java: it is all wrong"),
                        not(containsString("line 50\n"))));
        assertThat(git("worktree", "list").lines().count(), is(1L));
    }

    @Test
    void aCommitThatIsNoneIsNamed() throws Exception {
        commit("");

        IOException failure = assertThrows(IOException.class, () -> CommitBuild.of(repository, "--nothing"));

        assertThat(failure.getMessage(), startsWith("There is no commit '--nothing' in " + repository));
    }

    @Test
    void thePresentTreeIsTakenAsItIs() throws Exception {
        commit("exit 1");

        try (CommitBuild build = CommitBuild.of(repository, ".")) {
            assertThat(build.tree(), is(repository));
            assertThat(
                    build.classPath(),
                    hasItem(Path.of(System.getProperty("java.class.path").split(File.pathSeparator)[0])));
        }

        assertThat(Files.exists(repository.resolve("mvnw")), is(true));
    }

    private void commit(String build) throws Exception {
        Path script = repository.resolve("mvnw");
        Files.writeString(script, "#!/bin/sh\n" + build);
        assertThat(script.toFile().setExecutable(true), is(true));
        git("add", "mvnw");
        git("-c", "user.name=Test", "-c", "user.email=test@localhost", "commit", "-q", "-m", "A build");
    }

    private String git(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("git"));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .directory(repository.toFile())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(output, process.waitFor(), is(0));
        return output;
    }
}
