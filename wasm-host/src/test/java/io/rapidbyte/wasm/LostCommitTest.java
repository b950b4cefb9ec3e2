// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static io.rapidbyte.testing.TableComparison.differences;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;

import io.rapidbyte.testing.Fault;
import io.rapidbyte.testing.FaultyProxy;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.Question;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.TableWriting.Failure;
import io.rapidbyte.wasm.TableWriting.Step;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The moments in which nobody can know whether something is committed: what is said of them, and that a repetition finds it out. */
@Timeout(60)
class LostCommitTest {
    private TestSchema source;
    private TestSchema target;
    private FaultyProxy proxy;
    private Map<String, Object> config;

    @BeforeEach
    void createSchemas() throws IOException {
        source = PostgresServer.shared().newSchema();
        target = PostgresServer.shared().newSchema();
        proxy = new FaultyProxy(PostgresServer.shared());
        config = proxy.config(target);
    }

    @AfterEach
    void dropSchemas() throws IOException {
        proxy.close();
        target.close();
        source.close();
    }

    static Stream<Arguments> cases() {
        return Stream.of(WriteMode.values())
                .flatMap(mode -> Stream.of("copy", "insert")
                        .flatMap(method -> Stream.of(Fault.Kind.CUT_BEFORE, Fault.Kind.CUT_AFTER)
                                .map(kind -> Arguments.of(mode, method, kind))));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void aCommitWithoutAnAnswerIsUnknownAndSafeToRepeat(WriteMode mode, String loadMethod, Fault.Kind kind) {
        config.put("load_method", loadMethod);
        TableWriting writing = TableWriting.of(source, mode);
        Fault fault = proxy.add(kind, Question::commitsRows, 1);
        Failure failure = writing.attempt(config, "run").orElseThrow();
        assertThat(fault.count(), is(1));
        assertThat(failure.toString(), failure.step(), is(Step.WRITE));
        isUnknown(failure);
        List<String> identities = TableWriting.ledger(target, "run");
        assertThat(
                identities,
                hasSize(kind == Fault.Kind.CUT_AFTER ? writing.frames().size() : 0));

        writing.complete(config, "run");
        isComplete();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void anEndWithoutAnAnswerIsRepeated(WriteMode mode, String loadMethod, Fault.Kind kind) {
        config.put("load_method", loadMethod);
        TableWriting writing = TableWriting.of(source, mode);
        Fault fault = proxy.add(kind, Question::commitsTheEnd, 1);
        Failure failure = writing.attempt(config, "run").orElseThrow();
        assertThat(fault.count(), is(1));
        assertThat(failure.toString(), failure.step(), is(Step.FINALIZE));
        assertThat(failure.toString(), failure.error().category(), is(Category.TRANSIENT_NETWORK));
        assertThat(failure.toString(), failure.error().commitState(), is(CommitState.AFTER_COMMIT_UNKNOWN));
        assertThat(failure.toString(), failure.error().retryable(), is(true));

        // As a runner does that repeats what failed, and nothing else.
        try (DestinationConnector another = TableWriting.open(config, "run")) {
            another.finalizeStream(writing.request("run"));
        }
        isComplete();
    }

    /** As one does who starts the run again from its beginning: its batches are still known. */
    @ParameterizedTest
    @MethodSource("cases")
    void aWholeRunIsRepeatedAfterItsEndWasNotHeardOf(WriteMode mode, String loadMethod, Fault.Kind kind) {
        config.put("load_method", loadMethod);
        TableWriting writing = TableWriting.of(source, mode);
        Fault fault = proxy.add(kind, Question::commitsTheEnd, 1);
        assertThat(writing.attempt(config, "run").orElseThrow().step(), is(Step.FINALIZE));
        assertThat(fault.count(), is(1));

        writing.complete(config, "run");
        isComplete();
    }

    private static void isUnknown(Failure failure) {
        ConnectorError error = failure.error();
        assertThat(failure.toString(), error.category(), is(Category.TRANSIENT_NETWORK));
        assertThat(failure.toString(), error.commitState(), is(CommitState.AFTER_COMMIT_UNKNOWN));
        assertThat(failure.toString(), error.retryable(), is(true));
        assertThat(failure.toString(), error.safeToRetry(), is(true));
    }

    private void isComplete() {
        for (TestSchema schema : List.of(source, target)) {
            schema.execute(
                    "alter table items drop constraint if exists items_pkey",
                    "alter table items alter id drop not null");
        }
        assertThat(differences(source, "items", target, "items"), is(empty()));
        assertThat(TableWriting.ledger(target, "run"), hasSize(TableWriting.UNITS.length));
        assertThat(
                "no side table is left",
                target.relations().stream()
                        .filter(name -> !name.equals("_rapidbyte_ledger"))
                        .toList(),
                is(List.of("items")));
    }
}
