// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.hamcrest.Matchers.lessThanOrEqualTo;
import static org.hamcrest.Matchers.not;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever a source does, it ends in one error, and neither the host nor another instance notices. */
class HostileSourceTest {
    private SourceConnector bystander;

    @BeforeEach
    void openAnotherInstance() {
        bystander = Probes.source("{}");
    }

    @AfterEach
    void theOtherInstanceAndTheHostStillWork() {
        assertThat("no interrupt is left behind", Thread.interrupted(), is(false));
        readsAll(bystander);
        bystander.close();
        try (SourceConnector fresh = Probes.source("{}")) {
            readsAll(fresh);
        }
    }

    private static void readsAll(SourceConnector source) {
        Probes.Reader reader = new Probes.Reader();
        source.read(source.plan(Probes.STREAM), 0, 1, reader);
        assertThat(reader.frames, hasSize(1));
    }

    /** Makes the call that misbehaves, after those that come before it. */
    private static void make(String call, String config) {
        try (SourceConnector source = Probes.source(config)) {
            try {
                switch (call) {
                    case "check" -> source.check(List.of());
                    case "discover" -> source.discover(null);
                    case "plan" -> source.plan(Probes.STREAM);
                    case "read" -> source.read(source.plan(Probes.STREAM), 0, 1, new Probes.Reader());
                    case "teardown" -> source.teardown(List.of(Probes.STREAM), "failed");
                    default -> throw new IllegalArgumentException(call);
                }
            } finally {
                assertThat("an instance that failed is not usable", source.isUsable(), is(false));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"open", "check", "discover", "plan", "read", "teardown"})
    void anEndlessLoopEndsAtTheLimit(String call) {
        long start = System.nanoTime();
        ConnectorException failure = Failures.of(
                Category.INTERNAL, "guest_timeout", () -> make(call, "{'behaviour': 'loop', 'call': '" + call + "'}"));
        assertThat(failure.getMessage(), containsString("rb_" + call));
        assertThat(failure.getMessage(), containsString("500 ms"));
        assertThat((System.nanoTime() - start) / 1_000_000, lessThan(5_000L));
    }

    @Test
    void callingTheHostForEverIsNoProgress() {
        Failures.of(Category.INTERNAL, "guest_timeout", () -> make("read", "{'behaviour': 'loop_logging'}"));
    }

    @Test
    void aCloseThatNeverEndsDoesNotHoldTheHost() {
        long start = System.nanoTime();
        SourceConnector source = Probes.source("{'behaviour': 'loop', 'call': 'close'}");
        source.close();
        assertThat((System.nanoTime() - start) / 1_000_000, lessThan(5_000L));
    }

    @ParameterizedTest
    @ValueSource(strings = {"open", "check", "discover", "plan", "read", "teardown"})
    void aTrapEndsTheInstance(String call) {
        Failures.of(Category.INTERNAL, "guest_trap", () -> make(call, "{'behaviour': 'trap', 'call': '" + call + "'}"));
    }

    @Test
    void aPanicSaysWhatItSaid() {
        ConnectorException failure = Failures.of(
                Category.INTERNAL, "guest_trap", () -> make("check", "{'behaviour': 'panic', 'call': 'check'}"));
        assertThat(failure.getMessage(), containsString("the probe panics on request"));
        assertThat(failure.error().details().get("last_log"), containsString("the probe panics on request"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"open", "plan", "read"})
    void recursionEndsWithTheStack(String call) {
        // A Rust guest keeps a stack in its own memory, and that may end before the thread's.
        ConnectorException failure = org.junit.jupiter.api.Assertions.assertThrows(
                ConnectorException.class, () -> make(call, "{'behaviour': 'recursive', 'call': '" + call + "'}"));
        assertThat(failure.error().category(), is(Category.INTERNAL));
        assertThat(failure.error().code(), org.hamcrest.Matchers.oneOf("guest_stack_overflow", "guest_trap"));
    }

    @Test
    void memoryEndsAtTheLimit() {
        ConnectorException failure = Failures.of(Category.INTERNAL, "out_of_memory", () -> {
            try (SourceConnector source = Probes.source("{'behaviour': 'grow', 'call': 'check'}", Probes.options())) {
                source.check(List.of());
            }
        });
        long got = Long.parseLong(failure.error().message().replaceAll("\\D+", ""));
        assertThat(got, is(allOf(greaterThan(64L << 20), lessThanOrEqualTo(128L << 20))));
    }

    @Test
    void aModuleThatStartsAboveTheLimitIsRefused() {
        InstanceOptions tight = Probes.options().withLimits(Probes.LIMITS.withMemoryBytes(1 << 20));
        ConnectorException failure = Failures.of(Category.CONFIG, "memory_limit", () -> Probes.source("{}", tight));
        assertThat(failure.getMessage(), containsString("1 MiB"));
    }

    @ParameterizedTest
    @CsvSource({"bad_result_pointer,bad_pointer", "not_json,bad_response"})
    void aResponseThatIsNoneEndsTheInstance(String behaviour, String code) {
        Failures.of(
                Category.INTERNAL,
                code,
                () -> make("discover", "{'behaviour': '" + behaviour + "', 'call': 'discover'}"));
    }

    @Test
    void anErrorRecordArrivesAsItIs() {
        ConnectorException failure = Failures.of(
                Category.TRANSIENT_DB,
                "40001",
                () -> make(
                        "plan",
                        "{'behaviour': 'error', 'call': 'plan', 'error': {'category': 'transient_db', 'scope': 'batch',"
                                + " 'code': '40001', 'message': 'the server is tired', 'hint': 'wait', 'retryable': true,"
                                + " 'retry_after_ms': 250, 'backoff_class': 'slow', 'commit_state': 'after_commit_unknown',"
                                + " 'details': {'table': 't'}}}"));
        ConnectorError error = failure.error();
        assertThat(error.scope(), is(Scope.BATCH));
        assertThat(error.retryable(), is(true));
        assertThat(error.retryAfterMs(), is(250L));
        assertThat(error.backoffClass(), is("slow"));
        assertThat(error.commitState(), is(CommitState.AFTER_COMMIT_UNKNOWN));
        assertThat(error.details().get("table"), is("t"));
        assertThat(failure.getMessage(), is("probe-source: the server is tired. Wait."));
    }

    @Test
    void aSecretIsNowhereToBeSeen() {
        String secret = "p4ss\\\"wörd&%";
        Probes.Lines log = new Probes.Lines();
        ConnectorException failure = Failures.of(Category.AUTH, "wrong_password", () -> {
            try (SourceConnector source = Probes.HOST.openSource(
                    Probes.SOURCE,
                    "{\"behaviour\": \"secret_in_error\", \"call\": \"check\", \"password\": \"" + secret + "\"}",
                    Probes.options().withLog(log))) {
                source.check(List.of());
            }
        });
        String all = failure.getMessage() + failure.error() + failure.error().details() + log.lines;
        assertThat(all, containsString(Secrets.MASK));
        assertThat(all, not(containsString("p4ss")));
        assertThat(all, not(containsString("wörd")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "garbage",
                "empty",
                "truncated",
                "truncated_schema",
                "no_batch",
                "no_end_of_stream",
                "trailing_bytes",
                "two_batches",
                "no_continuation_marker",
                "metadata_size",
                "root_offset",
                "dictionary_batch",
                "dictionary_field",
                "version",
                "body_length",
                "negative_body_length",
                "rows",
                "negative_rows",
                "node_rows",
                "null_count",
                "buffer_offset",
                "buffer_length",
                "negative_buffer_length",
                "short_buffer"
            })
    void aBrokenFrameIsRefused(String variant) {
        Probes.Reader reader = new Probes.Reader();
        try (SourceConnector source = Probes.source("{'behaviour': 'bad_frame', 'variant': '" + variant + "'}")) {
            StreamPlan plan = source.plan(Probes.STREAM);
            ConnectorException failure = org.junit.jupiter.api.Assertions.assertThrows(
                    ConnectorException.class, () -> source.read(plan, 0, 1, reader));
            assertThat(failure.getMessage(), failure.error().category(), is(Category.FRAME));
            assertThat(failure.error().scope(), is(Scope.BATCH));
        }
        assertThat("only the good one before it", reader.frames, hasSize(1));
    }

    /** What the host functions answered in a read that breaks the rules: the statuses, in order. */
    private static List<Integer> statuses(String behaviour, long to) {
        return observed("{'behaviour': '" + behaviour + "', 'units': 4}", new Probes.Reader(1), to).stream()
                .map(entry -> entry.path("status").asInt())
                .toList();
    }

    private static List<JsonNode> observed(String config, ReadCallbacks callbacks, long to) {
        try (GuestInstance guest = Probes.instance(config, Probes.options())) {
            ObjectNode request = Payloads.object().put("from", 0).put("to", to);
            request.set("stream", Payloads.stream(Probes.STREAM));
            request.set("plan", Payloads.object());
            JsonNode ok = guest.call(LifecycleCall.READ, request, new ReadState(0, to, callbacks), null);
            List<JsonNode> entries = new java.util.ArrayList<>();
            ok.path("observed").forEach(entries::add);
            return entries;
        }
    }

    @Test
    void rangesOutsideOfMemoryAreRefused() {
        assertThat(statuses("bad_pointer", 4), everyItem(is(ImportFailure.BAD_ARGUMENT)));
        assertThat(statuses("negative_length", 4), everyItem(is(ImportFailure.BAD_ARGUMENT)));
    }

    @Test
    void callsOutOfOrderAreRefused() {
        int wrong = ImportFailure.WRONG_STATE;
        assertThat(statuses("emit_without_claim", 4), is(List.of(wrong)));
        assertThat(statuses("next_batch_in_read", 4), is(List.of(wrong)));
        // The reader of these grants unit 0 alone.
        assertThat(statuses("claim_backwards", 4), is(List.of(0, wrong)));
        assertThat(statuses("claim_twice", 4), is(List.of(1, wrong)));
        assertThat(statuses("claim_outside", 4), is(List.of(1, wrong)));
        assertThat(statuses("claim_after_denied", 4), is(List.of(1, 0, wrong, wrong)));
    }

    @Test
    void handlesThatDoNotExistAreRefused() {
        List<Integer> statuses = statuses("unknown_handle", 4);
        assertThat(statuses, hasSize(12));
        for (int i = 0; i < statuses.size(); i++) {
            boolean close = i % 4 == 3;
            assertThat(statuses.get(i), is(close ? 0 : ImportFailure.BAD_ARGUMENT));
        }
    }

    @Test
    void metricsWithImpossibleNamesAreRefused() {
        List<Integer> statuses = statuses("wrong_metric_names", 4);
        assertThat(statuses.subList(0, 8), everyItem(is(ImportFailure.BAD_ARGUMENT)));
        assertThat("the fine one", statuses.get(8), is(0));
        assertThat("the one too many", statuses.get(9), is(ImportFailure.BAD_ARGUMENT));
    }

    @Test
    void aFloodOfLinesIsCutAndCounted() {
        Probes.Lines log = new Probes.Lines();
        try (SourceConnector source = Probes.source(
                "{'behaviour': 'flood_log', 'lines': 100000}", Probes.options().withLog(log))) {
            readsAll(source);
        }
        assertThat(log.lines.size(), lessThan(5_000));
        assertThat(log.lines, hasItem(containsString("log lines of the connector were dropped")));
    }

    @Test
    void oddLinesAreMadeHarmless() {
        Probes.Lines log = new Probes.Lines();
        try (SourceConnector source =
                Probes.source("{'behaviour': 'odd_log'}", Probes.options().withLog(log))) {
            readsAll(source);
        }
        assertThat(log.lines, hasItem("INFO two\\nlines\\rand a \\u001b[31mred\\u001b[0m one"));
        assertThat(log.lines, hasItem(containsString("no\uFFFD\uFFFD!")));
        assertThat(log.lines, everyItem(not(containsString("level 99"))));
        assertThat(log.lines.stream().mapToInt(String::length).max().orElseThrow(), lessThan(9_000));
    }

    @Test
    void anExceptionOfTheReaderComesOutAsItIs() {
        IllegalStateException thrown = new IllegalStateException("the runner is gone");
        try (SourceConnector source = Probes.source("{}")) {
            StreamPlan plan = source.plan(Probes.STREAM);
            IllegalStateException caught = org.junit.jupiter.api.Assertions.assertThrows(
                    IllegalStateException.class,
                    () -> source.read(plan, 0, 1, new ReadCallbacks() {
                        @Override
                        public boolean claim(long unit) {
                            return true;
                        }

                        @Override
                        public void emit(Frame frame) {
                            throw thrown;
                        }
                    }));
            assertThat(caught, is(thrown));
            assertThat(source.isUsable(), is(false));
            Failures.of(Category.INTERNAL, "unusable", () -> source.check(List.of()));
        }
    }

    @Test
    void anInstanceIsNotEnteredTwice() {
        try (SourceConnector source = Probes.source("{}")) {
            StreamPlan plan = source.plan(Probes.STREAM);
            source.read(plan, 0, 1, new ReadCallbacks() {
                @Override
                public boolean claim(long unit) {
                    Failures.of(Category.INTERNAL, "busy", () -> source.check(List.of()));
                    return true;
                }

                @Override
                public void emit(Frame frame) {
                    assertThat(frame.rows(), is(100));
                }
            });
        }
    }
}
