// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.profile;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;

import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.Role;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** On the connectors that are bundled: what the compiler makes of them is what profiles show. */
class GuestNamesTest {
    private static final String SOURCE = "io/rapidbyte/connectors/SourcePostgresMachine";
    private static final String DESTINATION = "io/rapidbyte/connectors/DestPostgresMachine";

    private static GuestNames names;

    @BeforeAll
    static void readModules() throws IOException {
        names = GuestNames.ofBundled();
    }

    @Test
    void theFunctionsOfTheSourceHaveTheirNames() {
        List<String> found = functions(SOURCE);
        assertThat(found, hasItem("source_postgres::read::copy_unit"));
        assertThat(found, hasItem(startsWith("source_postgres::decode::")));
        assertThat(found, hasItem("rb_read"));
        assertThat(found, not(hasItem(startsWith("_ZN"))));
    }

    @Test
    void theFunctionsOfTheDestinationHaveTheirNames() {
        assertThat(functions(DESTINATION), hasItem(startsWith("dest_postgres::encode::")));
        assertThat(functions(DESTINATION), not(hasItem(startsWith("_ZN"))));
    }

    @Test
    void noNameWouldEndAFrameOfACollapsedStack() {
        assertThat(functions(SOURCE).stream().filter(name -> name.contains(";")).toList(), is(List.of()));
    }

    @Test
    void aFunctionKnowsWhoseItIs() {
        GuestFrame first = names.find(SOURCE + "FuncGroup_0", "func_0").orElseThrow();
        assertThat(first.connector(), is("source-postgres"));
        assertThat(first.role(), is(Role.SOURCE));
        assertThat(first.kind(), is(GuestFrame.Kind.FUNCTION));
    }

    @Test
    void whatTheCompilerAddsIsNoFunction() {
        for (String method : List.of("memoryReadInt", "checkInterruption", "call_indirect_3")) {
            GuestFrame support = names.find(SOURCE + "Shaded", method).orElseThrow();
            assertThat(support.kind(), is(GuestFrame.Kind.SUPPORT));
            assertThat(support.name(), is("source-postgres." + method));
        }
        assertThat(names.find(SOURCE + "FuncGroup_0", "call_3").orElseThrow().kind(), is(GuestFrame.Kind.SUPPORT));
        assertThat(
                names.find(DESTINATION + "Shaded", "callHostFunction")
                        .orElseThrow()
                        .kind(),
                is(GuestFrame.Kind.HOST_CALL));
    }

    @Test
    void aFunctionBeyondThoseWithANameKeepsItsNumber() {
        assertThat(
                names.find(SOURCE + "FuncGroup_0", "func_99999").orElseThrow().name(),
                is("source-postgres.func_99999"));
    }

    @Test
    void classNamesMayHaveDots() {
        assertThat(
                names.find(SOURCE.replace('/', '.') + "FuncGroup_0", "func_1"),
                is(names.find(SOURCE + "FuncGroup_0", "func_1")));
    }

    @Test
    void otherClassesAreNoConnectors() {
        assertThat(names.find("java/lang/Thread", "run"), is(Optional.empty()));
        assertThat(names.find("io/rapidbyte/connectors/SourcePostgres", "create"), is(Optional.empty()));
        assertThat(names.find(SOURCE + "Strange", "func_1"), is(Optional.empty()));
        assertThat(GuestNames.none().find(SOURCE + "FuncGroup_0", "func_1"), is(Optional.empty()));
    }

    @Test
    void aConnectorThatTheHostCompilesHasItsNamesToo() {
        ConnectorModule module = ConnectorModule.bundled("source-postgres");
        String compiled =
                "io/rapidbyte/wasm/compiled/source_postgres_" + module.sha256().substring(0, 8);
        assertThat(
                GuestNames.none().with(module).find(compiled + "FuncGroup_0", "func_7"),
                is(names.find(SOURCE + "FuncGroup_0", "func_7")));
    }

    private static List<String> functions(String machine) {
        return IntStream.range(0, 2_000)
                .mapToObj(i -> names.find(machine + "FuncGroup_0", "func_" + i))
                .flatMap(Optional::stream)
                .map(GuestFrame::name)
                .toList();
    }
}
