// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io.postgres;

import static io.rapidbyte.testing.TableComparison.differences;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.beam.io.postgres.PostgresCopy.Runner;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.SourceConnector;
import io.rapidbyte.wasm.StreamPlan;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.WriteMode;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What has no blocks of its own is divided by a column. */
@Timeout(60)
class PartitionKeyTest {
    private TestSchema source;
    private TestSchema target;

    @BeforeEach
    void createTables() {
        source = PostgresServer.shared().newSchema();
        target = PostgresServer.shared().newSchema();
        // Keys of every kind with nulls, infinities, extremes and many equal ones; about 12 MB.
        source.execute(
                "create table facts as select"
                        + " case when n % 7 = 0 then null when n = 1 then -9223372036854775808 when n = 2 then 9223372036854775807 else n end::bigint as whole,"
                        + " case when n % 11 = 0 then null else (n % 5)::smallint end as few,"
                        + " case n % 13 when 0 then null when 1 then 'NaN' else n / 3.0 end::numeric as amount,"
                        + " case n % 17 when 0 then null when 1 then 'infinity' when 2 then '-infinity' else date '2020-01-01' + n % 900 end::date as day,"
                        + " case n % 19 when 0 then null when 1 then 'infinity' else timestamptz '2020-01-01 00:00Z' + n * interval '1 minute' end as moment,"
                        + " case n % 23 when 0 then null else md5(n::text)::uuid end as token,"
                        + " case n % 29 when 0 then null else 'it''s ' || n end as word,"
                        + " 7 as same, repeat('x', 150) as filling"
                        + " from generate_series(1, 40000) n",
                "analyze facts", "create view seen as select * from facts");
    }

    @AfterEach
    void dropTables() {
        target.close();
        source.close();
    }

    private StreamPlan plan(StreamSpec stream) {
        try (SourceConnector connector = PostgresCopy.openSource(source.config())) {
            return connector.plan(stream);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "whole, key_ranges",
        "few, key_ranges",
        "amount, key_ranges",
        "day, key_ranges",
        "moment, key_ranges",
        "token, key_hashes",
        "word, key_hashes"
    })
    void aViewIsReadInPartsAndWhole(String key, String kind) {
        StreamSpec stream = StreamSpec.of("seen").withPartitionKey(key);
        StreamPlan plan = plan(stream);
        assertThat(plan.unitKind(), is(kind));
        assertThat(plan.units(), greaterThan(1L));

        PostgresCopy.copy(Runner.DIRECT, source.config(), target, WriteMode.REPLACE, List.of(stream));

        assertThat(differences(source, "facts", target, "seen"), empty());
    }

    @Test
    void aKeyWithOneValueMakesOneUnit() {
        assertThat(plan(StreamSpec.of("facts").withPartitionKey("same")).units(), is(1L));
    }

    @Test
    void aKeyThatIsNoColumnIsRefusedWithWhatWasMeant() {
        ConnectorException failure = assertThrows(
                ConnectorException.class, () -> plan(StreamSpec.of("facts").withPartitionKey("hole")));

        assertThat(failure.error().code(), is("unknown_column"));
        assertThat(failure.error().hint(), containsString("whole"));
    }
}
