// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.pipelines.config.Pipeline;
import io.rapidbyte.pipelines.config.PipelineFile;
import io.rapidbyte.pipelines.config.StateSection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StateLocationTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({
        "shop.yaml, shop.state.db",
        "shop.eu.yml, shop.eu.state.db",
        "shop, shop.state.db",
        ".shop, .shop.state.db",
    })
    void aFileBesideThePipelinesIsTheDefault(String file, String state) throws IOException {
        assertThat(location(file, ""), is(sqlite(folder.resolve(state))));
        assertThat(location(file, "state: {}"), is(sqlite(folder.resolve(state))));
        assertThat(location(file, "state: {backend: sqlite}"), is(sqlite(folder.resolve(state))));
    }

    @Test
    void aRelativePathStartsFromTheFolderOfTheFile() throws IOException {
        Path expected = folder.resolve("kept/state.db");

        assertThat(location("shop.yaml", "state: {connection: kept/state.db}"), is(sqlite(expected)));
        assertThat(location("shop.yaml", "state: {connection: 'sqlite:kept/../kept/state.db'}"), is(sqlite(expected)));
        assertThat(location("shop.yaml", "state: {connection: ~/state.db}"), is(sqlite(folder.resolve("~/state.db"))));
        assertThat(location("shop.yaml", "state: {connection: /var/lib/x.db}"), is(sqlite(Path.of("/var/lib/x.db"))));
    }

    @Test
    void aServerIsWhereItSays() throws IOException {
        StateLocation location =
                location("shop.yaml", "state: {backend: postgres, connection: 'postgres://u:${PASSWORD}@h/db'}");

        assertThat(location, is(new StateLocation(StateLocation.Backend.POSTGRES, "postgres://u:s3cret@h/db")));
        assertThat(location.toString(), is("POSTGRES"));
        assertThat(StateStores.describe(location), is("the state database db on h:5432"));
    }

    @Test
    void aServerHasToBeNamed() {
        StateException refused = assertThrows(
                StateException.class,
                () -> StateLocation.of(new StateSection("postgres", null), Path.of("shop.yaml"), Path.of(".")));

        assertThat(
                refused.getMessage(),
                containsString("state.backend is postgres, and state.connection does not say which"));
        assertThat(refused.isMisconfigured(), is(true));
    }

    private StateLocation location(String file, String state) throws IOException {
        Path path = Files.writeString(folder.resolve(file), """
                version: "1.0"
                pipeline: shop
                source: {use: source-postgres, config: {}, streams: [{name: t}]}
                destination: {use: dest-postgres, config: {}, write_mode: append}
                """ + state + "\n");
        Pipeline pipeline =
                PipelineFile.read(path, Map.of("PASSWORD", "s3cret")::get).pipeline();
        return StateLocation.of(pipeline.state(), pipeline.file(), pipeline.folder());
    }

    private static StateLocation sqlite(Path file) {
        return new StateLocation(StateLocation.Backend.SQLITE, file.toString());
    }
}
