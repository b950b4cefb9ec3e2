// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm.conformance;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.is;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.ArrowFrames;
import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.Frame;
import io.rapidbyte.wasm.Limits;
import io.rapidbyte.wasm.StreamSpec;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConformanceKitTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** For guests that must be stopped: short, so that the suite is quick. */
    private static final Limits IMPATIENT = Limits.defaults().withGuestTime(Duration.ofMillis(500));

    @Test
    void theBundledSourceKeepsItsContracts() throws JsonProcessingException {
        try (TestSchema schema = PostgresServer.shared().newSchema()) {
            schema.execute(
                    "CREATE TABLE orders (id bigint PRIMARY KEY, note text, changed timestamptz NOT NULL)",
                    "INSERT INTO orders SELECT i, repeat('x', 900), now() + i * interval '1 second' FROM generate_series(1, 3000) i",
                    "ANALYZE");

            ConformanceReport report = verify("source-postgres", schema.config(), StreamSpec.of("orders"));

            assertThat(report.broken(), is(empty()));
            assertThat(names(report, Finding.Outcome.NOT_TRIED), is(empty()));
        }
    }

    @Test
    void theBundledDestinationKeepsItsContracts() throws JsonProcessingException {
        try (TestSchema schema = PostgresServer.shared().newSchema()) {
            ConformanceSubject subject = subject("dest-postgres", json(schema.config()))
                    .withTargetRows(target -> Long.parseLong(schema.value("SELECT CASE WHEN to_regclass('" + target
                            + "') IS NULL THEN 0 ELSE (xpath('/row/n/text()', query_to_xml('SELECT count(*) AS n FROM "
                            + target + "', false, true, '')))[1]::text::bigint END")));

            ConformanceReport report = ConformanceKit.verify(subject);
            ConformanceReport again = ConformanceKit.verify(subject);

            assertThat(report.broken(), is(empty()));
            assertThat("what the last time left is no obstacle", again.broken(), is(empty()));
            assertThat(names(report, Finding.Outcome.NOT_TRIED), is(List.of("dead_letters")));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{'units': 5, 'batches_per_unit': 3}",
                "{'units': 3, 'batches_per_unit': 0}",
                "{'units': 2, 'rows_per_batch': 0}",
                "{'behaviour': 'odd_log', 'units': 2}",
                "{'units': 100, 'batches_per_unit': 2, 'password': 'Tr0ub4dor'}"
            })
    void aSourceThatBehavesPasses(String config) {
        assertThat(verify("probe-source", config).broken(), is(empty()));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'behaviour': 'trap', 'call': 'open'} | open | trapped",
                "{'behaviour': 'panic', 'call': 'check'} | check | the probe panics on request",
                "{'behaviour': 'bad_result_pointer', 'call': 'discover'} | discover | outside of its memory",
                "{'behaviour': 'not_json', 'call': 'plan'} | plan | not JSON",
                "{'behaviour': 'not_json', 'call': 'teardown'} | teardown | not JSON",
                "{'behaviour': 'loop', 'call': 'check'} | check | without making progress",
                "{'behaviour': 'error', 'units': 3, 'fail_unit': 1} | read | the probe fails on request (data, probe_error)",
                "{'behaviour': 'emit_without_claim', 'units': 2} | read | It has to claim each unit of [0, 2)",
                "{'behaviour': 'claim_backwards', 'units': 2} | read | rb_read",
                "{'behaviour': 'claim_twice', 'units': 2} | read | rb_read",
                "{'behaviour': 'claim_after_denied', 'units': 3} | claims | behind one that was denied",
                "{'behaviour': 'bad_frame', 'variant': 'truncated'} | read | frame",
                "{'behaviour': 'bad_pointer'} | first_batch | rb_read",
                "{'behaviour': 'next_batch_in_read'} | first_batch | claim",
                "{'rows_per_batch': 501} | limits | 500 is the most",
                "{'payload_bytes': 1000} | limits | max_batch_bytes is 65536",
                "{'behaviour': 'secret_in_error', 'call': 'teardown', 'password': 'Tr0ub4dor'} | secrets | the password is ***",
                "{'spin_micros_per_batch': 1200000, 'batches_per_unit': 2} | cancellation | the host had to stop it",
            })
    void aSourceThatDoesNotIsCaught(String config, String check, String message) {
        assertBroken(verify("probe-source", config), check, message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "{'behaviour': 'ignore_end'}"})
    void aDestinationThatBehavesPasses(String config) {
        ConformanceReport report = verify("probe-destination", config);

        assertThat(report.broken(), is(empty()));
        assertThat(
                names(report, Finding.Outcome.NOT_TRIED),
                is(List.of("dead_letters", "repeated_batches", "committed_batches", "secrets")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'behaviour': 'stop_early'} | write_append | left 1 batch of 2",
                "{'behaviour': 'error_after'} | write_replace | the probe fails on request (data, probe_error)",
                "{'behaviour': 'trap_after', 'after_batches': 2} | write_upsert | trapped",
                "{'behaviour': 'loop_after'} | write_append | without making progress",
                "{'behaviour': 'miscount_checkpoints'} | checkpoints | 100 rows in 1 batches were given to it since the last one, and it reports 101",
                "{'behaviour': 'keep_dead_letters', 'refuse_every': 100} | dead_letters | It refused 3 records and handed over 0 dead letters",
                "{'behaviour': 'error', 'call': 'finalize'} | write_append | the probe fails on request",
                "{'behaviour': 'error', 'call': 'apply'} | apply | the probe fails on request",
                "{'behaviour': 'trap', 'call': 'teardown'} | teardown | trapped",
                "{'behaviour': 'trap', 'call': 'check'} | check | trapped",
            })
    void aDestinationThatDoesNotIsCaught(String config, String check, String message) {
        assertBroken(verify("probe-destination", config), check, message);
    }

    @Test
    void deadLettersAreCountedAndLookedAt() {
        ConformanceReport report = verify("probe-destination", "{'refuse_every': 100}");

        assertThat(names(report, Finding.Outcome.KEPT), hasItem("dead_letters"));
    }

    @Test
    void aDestinationThatWritesRepeatedBatchesTwiceIsCaught() throws JsonProcessingException {
        try (TestSchema schema = PostgresServer.shared().newSchema()) {
            // Counts a row more each time it is asked: what a target that doubles rows looks like.
            long[] calls = {0};
            ConformanceReport report = ConformanceKit.verify(subject("dest-postgres", json(schema.config()))
                    .withTargetRows(target -> target.contains("repeated") ? calls[0]++ * 600 : 0));

            assertBroken(report, "repeated_batches", "300 rows, were written three times, and ");
        }
    }

    @Test
    void theKitsOwnBatchesAreGoodAndAlwaysTheSame() {
        List<Frame> batches = SampleBatches.of("s");

        for (Frame frame : batches) {
            assertThat(ArrowFrames.inspect(frame.bytes()).rows(), is(frame.rows()));
        }
        assertThat(SampleBatches.of("s"), is(batches));
        assertThat(
                ArrowFrames.inspectSchema(SampleBatches.schema("s")),
                is(ArrowFrames.inspect(batches.get(0).bytes()).schema()));
        assertThat(
                "only who reads the texts can tell",
                ArrowFrames.inspect(SampleBatches.withWildOffset("s").bytes()).rows(),
                is(100));
    }

    private static void assertBroken(ConformanceReport report, String check, String message) {
        List<String> broken = report.broken().stream()
                .map(finding -> finding.check() + ": " + finding.message())
                .toList();
        assertThat(broken.toString(), names(report, Finding.Outcome.BROKEN), hasItem(check));
        assertThat(
                report.broken().stream()
                        .filter(finding -> finding.check().equals(check))
                        .findFirst()
                        .orElseThrow()
                        .message(),
                containsString(message));
    }

    private static List<String> names(ConformanceReport report, Finding.Outcome outcome) {
        return report.with(outcome).stream().map(Finding::check).toList();
    }

    /** JSON may be written with single quotes. */
    private static ConformanceReport verify(String connector, String config) {
        String json = config.replace('\'', '"');
        ConformanceSubject subject = subject(connector, json);
        return ConformanceKit.verify(config.contains("'loop") ? subject.withLimits(IMPATIENT) : subject);
    }

    private static ConformanceReport verify(String connector, Map<String, Object> config, StreamSpec stream)
            throws JsonProcessingException {
        return ConformanceKit.verify(subject(connector, json(config)).withStream(stream));
    }

    private static ConformanceSubject subject(String connector, String config) {
        return ConformanceSubject.of(ConnectorModule.bundled(connector), config);
    }

    private static String json(Map<String, Object> config) throws JsonProcessingException {
        return MAPPER.writeValueAsString(config);
    }
}
