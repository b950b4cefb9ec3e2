// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.rapidbyte.wasm.ConnectorModule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScaffoldCommandTest {
    private static final Path SDK = Path.of("../connectors/sdk");

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"source", "destination"})
    void aConnectorIsWrittenCompletely(String role) throws IOException {
        Path crate = folder.resolve("new");

        CommandLineRun run = run("scaffold", "my-connector", "--role", role, "--directory", crate.toString());

        assertThat(run.err(), run.code(), is(0));
        assertThat(
                files(crate),
                is(List.of(
                        ".cargo/config.toml",
                        ".gitignore",
                        "Cargo.toml",
                        "README.md",
                        "build.sh",
                        "manifest.json",
                        "pipeline.yaml",
                        "rustfmt.toml",
                        "src/lib.rs")));
        assertThat(Files.isExecutable(crate.resolve("build.sh")), is(true));
        for (String file : files(crate)) {
            assertThat(file, Files.readString(crate.resolve(file)), not(containsString("{{")));
        }
        assertThat(
                Files.readString(crate.resolve("Cargo.toml")),
                allOf(
                        containsString("name = \"my-connector\""),
                        containsString(
                                "rapidbyte-sdk = { path = \"" + SDK.toRealPath().toString() + "\" }")));
        JsonNode manifest =
                new ObjectMapper().readTree(crate.resolve("manifest.json").toFile());
        assertThat(manifest.path("name").asText(), is("my-connector"));
        assertThat(manifest.path("role").asText(), is(role));
        assertThat(run.out(), containsString("rapidbyte conformance my-connector.wasm"));
    }

    @Test
    void insideOfTheTreeTheSdkIsNamedByItsWayFromThere() throws IOException {
        Path tree = folder.resolve("tree");
        for (String crate : List.of("sdk", "getrandom", "sha2")) {
            Files.createDirectories(tree.resolve("connectors").resolve(crate));
            Files.writeString(tree.resolve("connectors").resolve(crate).resolve("Cargo.toml"), "");
        }
        Path crate = tree.resolve("connectors/source-mine");

        CommandLineRun run = run(
                "scaffold",
                "source-mine",
                "--directory",
                crate.toString(),
                "--sdk",
                tree.resolve("connectors/sdk").toString());

        assertThat(run.err(), run.code(), is(0));
        assertThat(Files.readString(crate.resolve("Cargo.toml")), containsString("{ path = \"../sdk\" }"));
    }

    @Test
    void programsGetTheFilesAsJson() throws IOException {
        CommandLineRun run = run(
                "scaffold",
                "my-connector",
                "--json",
                "--directory",
                folder.resolve("x").toString());

        JsonNode json = new ObjectMapper().readTree(run.out());
        assertThat(json.path("status").asText(), is("ok"));
        assertThat(json.path("files").size(), is(9));
        assertThat(run.err(), is(""));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"Source", "1source", "source_files", "source--files", "-source", "source-", "../x", "größe"})
    void aBadNameIsRefusedWithTheRule(String name) {
        CommandLineRun run = run("scaffold", "--directory", folder.resolve("x").toString(), "--", name);

        assertThat(run.code(), is(2));
        assertThat(
                run.err(),
                containsString("A connector cannot be named '" + name
                        + "': a name is lower-case letters and digits, begins with a letter"));
        assertThat(Files.exists(folder.resolve("x")), is(false));
    }

    @Test
    void whatIsThereIsNotOverwritten() throws IOException {
        Files.writeString(folder.resolve("precious.txt"), "mine");

        CommandLineRun run = run("scaffold", "my-connector", "--directory", folder.toString());

        assertThat(run.code(), is(2));
        assertThat(run.err(), containsString("is not empty, and nothing in it is overwritten"));
        assertThat(files(folder), is(List.of("precious.txt")));
    }

    @Test
    void aFileIsNoFolder() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "mine");

        CommandLineRun run = run("scaffold", "my-connector", "--directory", file.toString());

        assertThat(run.code(), is(2));
        assertThat(run.err(), containsString("is a file, and a connector is a folder"));
    }

    @Test
    void anEmptyFolderIsFilled() throws IOException {
        Path empty = Files.createDirectory(folder.resolve("empty"));

        assertThat(
                run("scaffold", "my-connector", "--directory", empty.toString()).code(), is(0));
        assertThat(files(empty).size(), is(9));
        assertThat("nothing is left beside it", beside(empty), is(List.of("empty")));
    }

    @Test
    void withoutAnSdkNothingIsWritten() {
        CommandLineRun run = run(
                "scaffold",
                "my-connector",
                "--directory",
                folder.resolve("x").toString(),
                "--sdk",
                folder.resolve("nowhere").toString());

        assertThat(run.code(), is(2));
        assertThat(
                run.err(),
                allOf(
                        containsString("The SDK is not in " + folder.resolve("nowhere")),
                        containsString("Give --sdk the folder connectors/sdk of a source tree of Rapidbyte.")));
        assertThat(beside(folder.resolve("x")), is(empty()));
    }

    @Test
    void aPlaceThatCannotBeWrittenIsSaidToBeOne() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "mine");

        CommandLineRun run =
                run("scaffold", "my-connector", "--directory", file.resolve("x").toString());

        assertThat(run.code(), is(2));
        assertThat(run.err(), containsString("Name another folder with --directory."));
        assertThat(files(folder), is(List.of("file")));
    }

    @Test
    void aModuleThatKeepsItsContractsEndsWithZero() throws IOException {
        CommandLineRun run = run("conformance", probe("probe-source"), "--stream", "numbers");

        assertThat(run.err(), run.code(), is(0));
        assertThat(run.out(), containsString("probe-source 0.1.0: 15 contracts kept, 0 broken, "));
    }

    @Test
    void aModuleThatBreaksOneEndsWithOneAndSaysWhich() throws IOException {
        Path config =
                Files.writeString(folder.resolve("config.yaml"), "behaviour: stop_early\nafter_batches: ${AFTER:-1}\n");
        String module = probe("probe-destination");

        CommandLineRun text = run("conformance", module, "--config", config.toString());
        CommandLineRun json = run("conformance", "--json", module, "--config", config.toString());

        assertThat(text.code(), is(1));
        assertThat(text.out(), containsString("BROKEN  write_append"));
        assertThat(json.code(), is(1));
        JsonNode tree = new ObjectMapper().readTree(json.out());
        assertThat(tree.path("status").asText(), is("failed"));
        assertThat(tree.path("sha256").asText().length(), is(64));
        assertThat(tree.path("contracts").get(0).path("outcome").asText(), is("kept"));
    }

    @Test
    void aConfigurationThatDoesNotFitTheManifestIsAMistakeInTheFile() throws IOException {
        Path config = Files.writeString(folder.resolve("config.yaml"), "behaviour: normal\nafter_batches: -1\n");

        CommandLineRun run = run("conformance", probe("probe-destination"), "--config", config.toString());

        assertThat(run.code(), is(2));
        assertThat(
                run.err(),
                allOf(containsString("config.yaml"), containsString("after_batches"), containsString("at least 0")));
    }

    @Test
    void aFileThatIsNoConnectorIsNamed() throws IOException {
        Path module = Files.writeString(folder.resolve("no.wasm"), "not a module");

        CommandLineRun run = run("conformance", module.toString());

        assertThat(run.code(), is(2));
        assertThat(run.err(), containsString("no.wasm"));
    }

    private String probe(String name) throws IOException {
        return Files.write(
                        folder.resolve(name + ".wasm"),
                        ConnectorModule.bundled(name).bytes())
                .toString();
    }

    private static CommandLineRun run(String... arguments) {
        return CommandLineRun.of(Map.of(), arguments);
    }

    private static List<String> files(Path root) throws IOException {
        try (Stream<Path> all = Files.walk(root)) {
            return all.filter(Files::isRegularFile)
                    .map(file -> root.relativize(file).toString())
                    .sorted()
                    .toList();
        }
    }

    private static List<String> beside(Path file) {
        return Stream.of(file.getParent().toFile().list()).sorted().toList();
    }
}
