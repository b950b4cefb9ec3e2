// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io.postgres;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.beam.io.ConnectorFailures;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.WriteMode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two streams that lead to one table, by a pipeline that no preflight has looked at. */
@Timeout(60)
class SameTargetTest {
    @Test
    void nothingIsPutInPlaceOfATableThatTwoStreamsWouldReplace() {
        try (TestSchema one = PostgresServer.shared().newSchema();
                TestSchema other = PostgresServer.shared().newSchema();
                TestSchema target = PostgresServer.shared().newSchema()) {
            one.execute("create table orders as select 1 as id");
            other.execute("create table orders as select 2 as id");
            target.execute("create table orders as select 3 as id");
            String first = one.name() + ".orders";
            String second = other.name() + ".orders";

            RuntimeException thrown = assertThrows(
                    RuntimeException.class,
                    () -> PostgresCopy.copy(PostgresCopy.Runner.DIRECT, one, target, WriteMode.REPLACE, first, second));

            ConnectorException failure = ConnectorFailures.find(thrown).orElseThrow(() -> thrown);
            assertThat(failure.error().code(), is("same_target"));
            assertThat(failure.getMessage(), containsString(first));
            assertThat(failure.getMessage(), containsString(second));
            assertThat(failure.getMessage(), containsString("have the same target"));
            assertThat("the old row", target.value("select string_agg(id::text, ',') from orders"), is("3"));
        }
    }
}
