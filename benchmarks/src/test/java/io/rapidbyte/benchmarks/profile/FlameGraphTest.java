// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.profile;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FlameGraphTest {
    @TempDir
    private Path folder;

    @Test
    void guestFramesAreRewrittenAndKeepHowTheyRan() throws IOException {
        FlameGraph graph = graph("[main tid=7];io/rapidbyte/connectors/SourcePostgresMachineFuncGroup_0.func_0_[j] 3");
        String expected = GuestNames.ofBundled()
                .find("io.rapidbyte.connectors.SourcePostgresMachineFuncGroup_0", "func_0")
                .orElseThrow()
                .name();
        assertThat(
                collapsed(graph.withGuestNames(GuestNames.ofBundled())), is("[main tid=7];" + expected + "_[j] 3\n"));
    }

    @Test
    void threadsOfAKindAreOne() throws IOException {
        FlameGraph graph = graph(
                "[direct-runner-worker tid=12];a.b_[j] 1",
                "[direct-runner-worker tid=13];a.b_[j] 2",
                "[pool-2-thread-1 tid=14];a.b_[j] 4",
                "[pool-11-thread-9 tid=15];a.b_[j] 8",
                "[GC Thread#1 tid=16];work 16",
                "[C2 CompilerThre tid=17];work 32",
                "[reader (1/8)#0 tid=18];a.b_[j] 64");
        assertThat(collapsed(graph.withThreadKinds()), is("""
                        [direct-runner-worker];a.b_[j] 3
                        [pool-thread];a.b_[j] 12
                        [GC Thread];work 16
                        [C2 CompilerThre];work 32
                        [reader];a.b_[j] 64
                        """));
        assertThat(graph.samples(), is(127L));
    }

    @Test
    void stacksWithoutThreadsStayAsTheyAre() throws IOException {
        assertThat(collapsed(graph("a.b_[j];c.d_[i] 5").withThreadKinds()), is("a.b_[j];c.d_[i] 5\n"));
    }

    @Test
    void lambdasHaveTheSameNameInEveryProcess() throws IOException {
        FlameGraph graph = graph(
                "a.B$$Lambda$580.0x00007f01cf344eb8.apply_[j] 1",
                "a.B$$Lambda.0x00007ffff344eb81.apply_[j] 1",
                "java/lang/invoke/LambdaForm$MH.0x00007f01cf344ec0.invoke_[j] 1");
        assertThat(collapsed(graph), is("a.B$$Lambda.apply_[j] 2\njava/lang/invoke/LambdaForm$MH.invoke_[j] 1\n"));
    }

    @Test
    void thePageNeedsNothingBesideItself() throws IOException {
        Path page = folder.resolve("graph.html");
        graph("[main];a.outer_[j];a.inner_[i] 5").writeHtml(page, "One copy");
        assertThat(
                Files.readString(page),
                allOf(
                        containsString("One copy"),
                        containsString("outer"),
                        not(containsString("src=")),
                        not(containsString("<link"))));
    }

    @Test
    void aLineThatIsNoStackIsNamed() {
        IOException failure = assertThrows(IOException.class, () -> graph("a.b_[j] 1", "--- Execution profile ---"));
        assertThat(failure.getMessage(), containsString("line 2"));
    }

    private FlameGraph graph(String... lines) throws IOException {
        Path file = folder.resolve("in.collapsed");
        Files.write(file, List.of(lines));
        return FlameGraph.read(file);
    }

    private String collapsed(FlameGraph graph) throws IOException {
        Path file = folder.resolve("out.collapsed");
        graph.writeCollapsed(file);
        return Files.readString(file);
    }
}
