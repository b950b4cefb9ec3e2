// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static io.rapidbyte.wasm.WasmAssembler.CALL;
import static io.rapidbyte.wasm.WasmAssembler.DROP;
import static io.rapidbyte.wasm.WasmAssembler.I32_CONST;
import static io.rapidbyte.wasm.WasmAssembler.I64_CONST;
import static io.rapidbyte.wasm.WasmAssembler.LOCAL_GET;
import static io.rapidbyte.wasm.WasmAssembler.concat;
import static io.rapidbyte.wasm.WasmAssembler.signedLeb;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Modules that no compiler would make, and files that are no modules at all. */
class HandmadeModuleTest {
    private static final InstanceOptions OPTIONS = Probes.options();
    private static final WasmHost HOST = new WasmHost(HostSettings.fromSystem().withCacheDirectory(null));

    private static SourceConnector open(WasmAssembler module) {
        return HOST.openSource(module.module(), "{}", OPTIONS);
    }

    private static ConnectorException refused(String code, WasmAssembler module) {
        return Failures.of(Category.CONFIG, code, () -> open(module));
    }

    @Test
    void aMinimalModuleRuns() {
        try (SourceConnector source = open(WasmAssembler.source())) {
            source.teardown(List.of(), "requested");
            assertThat(source.isUsable(), is(true));
        }
    }

    @Test
    void aSourceNeedNotHaveSnapshots() {
        try (SourceConnector without = open(WasmAssembler.source());
                SourceConnector none = open(WasmAssembler.source().answer("rb_snapshot"));
                SourceConnector one = open(snapshot("{\"ok\":{\"snapshot\":\"s1\"}}"))) {
            assertThat(without.snapshot(), is(Optional.empty()));
            assertThat(none.snapshot(), is(Optional.empty()));
            assertThat(one.snapshot(), is(Optional.of("s1")));
        }
        assertThat(
                refused("bad_export", WasmAssembler.source().export("rb_snapshot", "i", ""))
                        .getMessage(),
                containsString("rb_snapshot"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"ok\":{\"snapshot\":1}}", "{\"ok\":{\"snapshot\":\"\"}}", "{\"ok\":{\"snapshot\":[]}}"})
    void aSnapshotIsAText(String response) {
        try (SourceConnector source = open(snapshot(response))) {
            Failures.of(Category.INTERNAL, "bad_response", source::snapshot);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"[]", "17", "\"text\""})
    void aPositionIsAnObject(String position) {
        String response = "{\"ok\":{\"stream\":{\"name\":\"s\"},\"schema\":\"\",\"units\":1,\"plan\":{},\"position\":"
                + position + "}}";
        try (SourceConnector source = open(answering("rb_plan", response))) {
            ConnectorException failure =
                    Failures.of(Category.INTERNAL, "bad_response", () -> source.plan(StreamSpec.of("s")));
            assertThat(failure.getMessage(), containsString("position is not an object"));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "'\"permission\"', PERMISSION",
        "'\"transient_db\"', TRANSIENT_DB",
        "'\"PERMISSION\"',",
        "'\"of_a_later_version\"',",
        "'\"\\u001b[2J\"',",
        "'\"\"',",
        "null,",
        "17,",
        "'[\"permission\"]',",
        "'{\"permission\":\"permission\"}',",
    })
    void theCategoryOfAFailedCheckIsOneThatIsKnownOrNone(String json, Category category) {
        String response = "{\"ok\":{\"checks\":[{\"name\":\"fails\",\"category\":" + json + "},"
                + "{\"name\":\"passes\",\"ok\":true,\"category\":" + json + "},{\"name\":\"says nothing\"}]}}";
        try (SourceConnector source = open(answering("rb_check", response))) {
            assertThat(
                    source.check(List.of()).checks(),
                    contains(
                            new CheckResult.Check("fails", false, "", "", category),
                            new CheckResult.Check("passes", true, "", "", null),
                            new CheckResult.Check("says nothing", false, "", "", null)));
        }
    }

    private static WasmAssembler snapshot(String response) {
        return answering("rb_snapshot", response);
    }

    private static WasmAssembler answering(String export, String response) {
        return WasmAssembler.source().answer(export, response);
    }

    @ParameterizedTest
    @EnumSource(Engine.class)
    void recursionEndsWithTheStackOfTheThread(Engine engine) throws InterruptedException {
        WasmAssembler module = WasmAssembler.source();
        int itself = module.nextFunction();
        module.export("rb_teardown", "ii", "l", LOCAL_GET, 0, LOCAL_GET, 1, CALL, itself);
        ConnectorModule built = module.module();
        InstanceOptions options = OPTIONS.withSettings(HOST.settings().withEngine(engine));
        Runnable overflow = () -> {
            try (SourceConnector source = HOST.openSource(built, "{}", options)) {
                Failures.of(Category.INTERNAL, "guest_stack_overflow", () -> source.teardown(List.of(), "requested"));
            }
        };
        overflow.run();
        // Also on a thread with half the usual stack.
        Throwable[] thrown = new Throwable[1];
        Thread small = new Thread(null, overflow, "small stack", 512 << 10);
        small.setUncaughtExceptionHandler((thread, e) -> thrown[0] = e);
        small.start();
        small.join();
        assertThat(thrown[0], is((Throwable) null));
    }

    @Test
    void recursionThatCallsTheHostOnItsWayEndsWithTheStackToo() {
        // Every depth of the stack is a place from which the host is called once.
        WasmAssembler module =
                new WasmAssembler().importing("rapidbyte", "log", "iii", "").importing("rapidbyte", "clock", "i", "l");
        WasmAssembler source = WasmAssembler.complete(module);
        int itself = source.nextFunction();
        source.export("rb_teardown", "ii", "l", new byte[] {
            I32_CONST,
            3,
            I32_CONST,
            16,
            I32_CONST,
            9,
            CALL,
            0,
            I32_CONST,
            1,
            CALL,
            1,
            DROP,
            LOCAL_GET,
            0,
            LOCAL_GET,
            1,
            CALL,
            (byte) itself
        });
        try (SourceConnector connector = open(source)) {
            Failures.of(Category.INTERNAL, "guest_stack_overflow", () -> connector.teardown(List.of(), "requested"));
        }
    }

    @Test
    void aResponseAboveTheLimitIsRefused() {
        WasmAssembler module = WasmAssembler.source().initialPages(1100);
        module.export("rb_teardown", "ii", "l", concat(new byte[] {I64_CONST}, signedLeb(16L << 32 | 65 << 20)));
        try (SourceConnector source = open(module)) {
            Failures.of(Category.INTERNAL, "response_too_large", () -> source.teardown(List.of(), "requested"));
        }
    }

    @Test
    void anAllocatorThatHasNothingOrPointsOutsideEndsTheInstance() {
        Failures.of(
                Category.INTERNAL,
                "guest_out_of_memory",
                () -> open(WasmAssembler.source().export("rb_alloc", "i", "i", I32_CONST, 0)));
        Failures.of(
                Category.INTERNAL,
                "bad_pointer",
                () -> open(WasmAssembler.source().export("rb_alloc", "i", "i", I32_CONST, 0x7F)));
    }

    @Test
    void aModuleOfAnotherAbiThanItsManifestSaysIsRefused() {
        Failures.of(
                Category.INTERNAL,
                "abi_version",
                () -> open(WasmAssembler.source().export("rb_abi_version", "", "i", I32_CONST, 2)));
    }

    @Test
    void anInitializerThatTrapsIsAnError() {
        Failures.of(
                Category.INTERNAL,
                "guest_trap",
                () -> open(WasmAssembler.source().export("_initialize", "", "", WasmAssembler.UNREACHABLE)));
    }

    @Test
    void whatAModuleLacksOrHasTooMuchIsNamed() {
        assertThat(
                refused("missing_export", WasmAssembler.source().without("rb_plan"))
                        .getMessage(),
                containsString("rb_plan"));
        assertThat(
                refused("missing_export", WasmAssembler.source().withoutMemoryExport())
                        .getMessage(),
                containsString("memory"));
        assertThat(
                refused("bad_export", WasmAssembler.source().export("rb_free", "i", ""))
                        .getMessage(),
                containsString("rb_free"));
        assertThat(
                refused(
                                "unknown_import",
                                WasmAssembler.complete(new WasmAssembler().importing("env", "system", "ii", "i")))
                        .getMessage(),
                containsString("env.system"));
        assertThat(
                refused(
                                "unknown_import",
                                WasmAssembler.complete(
                                        new WasmAssembler().importing("rapidbyte", "udp_send", "ii", "i")))
                        .getMessage(),
                containsString("rapidbyte.udp_send"));
        assertThat(
                refused(
                                "bad_import",
                                WasmAssembler.complete(new WasmAssembler().importing("rapidbyte", "claim", "i", "i")))
                        .getMessage(),
                containsString("rapidbyte.claim"));
        refused("table_too_large", WasmAssembler.source().table(10_000_000));
        refused("memory_limit", WasmAssembler.source().initialPages(60_000));
        refused("module_malformed", WasmAssembler.source().export("rb_close", "ii", "l", I32_CONST, 0));
    }

    @Test
    void theRoleDecidesHowAModuleCanBeUsed() {
        ConnectorException failure = Failures.of(
                Category.CONFIG,
                "wrong_role",
                () -> HOST.openDestination(WasmAssembler.source().module(), "{}", OPTIONS));
        assertThat(failure.getMessage(), containsString("source"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nonsense",
                "[]",
                "{\"abi\": 1}",
                "{\"name\": \"Bad Name\", \"version\": \"1\", \"abi\": 1, \"role\": \"source\"}",
                "{\"name\": \"x\", \"version\": \"1\", \"abi\": 1, \"role\": \"sink\"}",
                "{\"name\": \"x\", \"version\": \"1\", \"abi\": 1, \"role\": \"source\", \"limits\": {\"memory_bytes\": -1}}",
                "{\"name\": \"x\", \"version\": \"1\", \"abi\": 1, \"role\": \"source\", \"sync_modes\": [\"sometimes\"]}",
                "{\"name\": \"x\", \"version\": \"1\", \"abi\": 1, \"role\": \"source\","
                        + " \"permissions\": {\"network\": [{\"host\": 3.5}]}}"
            })
    void aManifestThatIsNotValidIsRefusedBeforeAnythingRuns(String manifest) {
        Failures.of(
                Category.CONFIG,
                "manifest_invalid",
                () -> WasmAssembler.source().manifest(manifest).module());
    }

    @Test
    void aManifestOfAnotherAbiIsRefused() {
        ConnectorException failure = Failures.of(
                Category.CONFIG,
                "abi_version",
                () -> WasmAssembler.source()
                        .manifest("{\"abi\": 2, \"everything\": \"else is different\"}")
                        .module());
        assertThat(failure.getMessage(), containsString("version 2"));
    }

    @Test
    void aFileThatIsNoConnectorIsNamedWithWhatIsWrong(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("x.wasm");
        Failures.of(Category.CONFIG, "module_unreadable", () -> ConnectorModule.read(file));
        Files.write(file, new byte[0]);
        Failures.of(Category.CONFIG, "not_wasm", () -> ConnectorModule.read(file));
        Files.writeString(file, "<html>not found</html>");
        Failures.of(Category.CONFIG, "not_wasm", () -> ConnectorModule.read(file));
        Files.write(file, new byte[] {0, 'a', 's', 'm', 13, 0, 1, 0});
        Failures.of(Category.CONFIG, "not_core_wasm", () -> ConnectorModule.read(file));
        Files.write(file, WasmAssembler.source().manifest(null).build());
        Failures.of(Category.CONFIG, "no_manifest", () -> ConnectorModule.read(file));
    }

    @Test
    void aTruncatedModuleSaysWhereItEnds(@TempDir Path folder) throws Exception {
        byte[] whole = Probes.SOURCE.bytes();
        Path file = folder.resolve("truncated.wasm");
        Set<String> codes = Set.of("module_truncated", "no_manifest", "not_wasm");
        for (int size : new int[] {5, 9, 100, whole.length / 3, whole.length / 2, whole.length - 1}) {
            Files.write(file, Arrays.copyOf(whole, size));
            ConnectorException failure = org.junit.jupiter.api.Assertions.assertThrows(
                    ConnectorException.class, () -> ConnectorModule.read(file));
            assertThat(failure.error().category(), is(Category.CONFIG));
            assertThat(failure.getMessage(), codes.contains(failure.error().code()));
            assertThat(failure.getMessage(), containsString("truncated.wasm"));
        }
        Files.write(file, Arrays.copyOf(whole, whole.length / 2));
        assertThat(
                Failures.of(Category.CONFIG, "module_truncated", () -> ConnectorModule.read(file))
                        .getMessage(),
                containsString("it ends at byte " + whole.length / 2 + " inside section code"));
    }

    @Test
    void anUnknownBundledConnectorListsTheKnownOnes() {
        ConnectorException failure =
                Failures.of(Category.CONFIG, "unknown_connector", () -> ConnectorModule.bundled("source-mysql"));
        assertThat(failure.getMessage(), containsString("probe-source"));
        Failures.of(Category.CONFIG, "unknown_connector", () -> ConnectorModule.bundled("../x"));
    }

    @Test
    void aConfigurationThatIsNoObjectIsNotQuoted() {
        ConnectorException failure = Failures.of(
                Category.CONFIG,
                "bad_config",
                () -> HOST.openSource(WasmAssembler.source().module(), "{\"password\": hunter2", OPTIONS));
        assertThat(failure.toString(), org.hamcrest.Matchers.not(containsString("hunter2")));
    }
}
