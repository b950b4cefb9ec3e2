// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.rapidbyte.pipelines.config.ConnectorUse;
import io.rapidbyte.pipelines.config.LimitsSection;
import io.rapidbyte.pipelines.config.Permissions;
import io.rapidbyte.wasm.Category;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.Role;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConnectorResolverTest {
    @TempDir
    Path folder;

    private Path probe;

    @BeforeEach
    void copyTheProbe() throws IOException {
        probe = folder.resolve("my-probe.wasm");
        Files.write(probe, ConnectorModule.bundled("probe-source").bytes());
    }

    @Test
    void aNameIsABundledConnector() {
        assertThat(resolve("source-postgres", null, Map.of()).name(), is("source-postgres"));
    }

    @Test
    void aPathIsRelativeToThePipelineFile() {
        assertThat(resolve("./my-probe.wasm", null, Map.of()).name(), is("probe-source"));
        assertThat(resolve("my-probe.wasm", null, Map.of()).name(), is("probe-source"));
        assertThat(resolve(probe.toString(), null, Map.of()).name(), is("probe-source"));
    }

    @Test
    void aNameCanBeFoundInTheFolderOfTheEnvironment() {
        Map<String, String> environment = Map.of(ConnectorResolver.FOLDER_VARIABLE, folder.toString());

        assertThat(resolve("my-probe", null, environment).name(), is("probe-source"));
        ConnectorException refused =
                assertThrows(ConnectorException.class, () -> resolve("other-probe", null, environment));
        assertThat(refused.error().category(), is(Category.CONFIG));
        assertThat(
                refused.getMessage(),
                allOf(containsString("other-probe.wasm"), containsString(ConnectorResolver.FOLDER_VARIABLE)));
    }

    @Test
    void thatFolderCannotReplaceABundledConnector() throws IOException {
        Files.copy(probe, folder.resolve("source-postgres.wasm"));

        ConnectorModule module =
                resolve("source-postgres", null, Map.of(ConnectorResolver.FOLDER_VARIABLE, folder.toString()));

        assertThat(module.name(), is("source-postgres"));
    }

    @Test
    void aChecksumPinsTheModule() {
        String sha256 = ConnectorModule.read(probe).sha256();

        assertThat(resolve("my-probe.wasm", sha256, Map.of()).name(), is("probe-source"));
        ConnectorException refused =
                assertThrows(ConnectorException.class, () -> resolve("my-probe.wasm", "0".repeat(64), Map.of()));
        assertThat(refused.error().code(), is("checksum_mismatch"));
        assertThat(refused.getMessage(), allOf(containsString(sha256), containsString("source.sha256")));
    }

    @Test
    void aDestinationIsNoSource() {
        ConnectorException refused =
                assertThrows(ConnectorException.class, () -> resolve("dest-postgres", null, Map.of()));

        assertThat(refused.error().code(), is("wrong_role"));
        assertThat(
                refused.getMessage(),
                containsString("The connector dest-postgres is a destination, and source.use needs a source"));
    }

    private ConnectorModule resolve(String use, String sha256, Map<String, String> environment) {
        ConnectorUse section = new ConnectorUse(
                "source",
                use,
                sha256,
                JsonNodeFactory.instance.objectNode(),
                Permissions.UNRESTRICTED,
                LimitsSection.NONE);
        return new ConnectorResolver(environment::get).resolve(section, folder, Role.SOURCE);
    }
}
