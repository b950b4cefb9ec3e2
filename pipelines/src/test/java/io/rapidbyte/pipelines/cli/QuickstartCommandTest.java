// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.matchesPattern;
import static org.hamcrest.Matchers.not;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.rapidbyte.pipelines.config.PipelineFile;
import io.rapidbyte.pipelines.quickstart.Quickstart;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuickstartCommandTest {
    @TempDir
    Path folder;

    @Test
    void everyTableIsCopiedAndProvedEqual() {
        Path file = folder.resolve("new folder").resolve("quickstart.yaml");

        CommandLineRun run = run("--rows", "2000", "--keep-file", file.toString());

        assertThat(run.err() + run.out(), run.code(), is(0));
        assertThat(
                run.out(),
                allOf(
                        matchesPattern("(?s).*\nevents +2,000 .*"),
                        containsString("type_gallery"),
                        containsString("equal"),
                        containsString("All 6 tables are equal to their source."),
                        containsString("./rapidbyte run " + file)));
        assertThat(run.out(), not(containsString("DIFFERENT")));
        assertThat(run.complaints(), is(empty()));
        assertThat(
                PipelineFile.read(file, Map.of(Quickstart.PASSWORD_VARIABLE, "x")::get)
                        .pipeline()
                        .streams()
                        .size(),
                is(6));
    }

    @Test
    void programsGetTheProofAsJson() throws IOException {
        CommandLineRun run = run(
                "--rows",
                "100",
                "--json",
                "--keep-file",
                folder.resolve("q.yaml").toString());

        assertThat(run.err(), is(""));
        assertThat(run.out(), run.code(), is(0));
        JsonNode json = new ObjectMapper().readTree(run.out());
        assertThat(json.path("verified").asBoolean(), is(true));
        assertThat(json.path("streams").size(), is(6));
        for (JsonNode stream : json.path("streams")) {
            assertThat(stream.toString(), stream.path("verified").asBoolean(), is(true));
        }
    }

    private static CommandLineRun run(String... options) {
        String[] arguments = new String[options.length + 1];
        arguments[0] = "quickstart";
        System.arraycopy(options, 0, arguments, 1, options.length);
        return CommandLineRun.of(Map.of(), arguments);
    }
}
