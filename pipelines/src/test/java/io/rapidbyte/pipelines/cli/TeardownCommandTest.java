// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;

import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TeardownCommandTest {
    @TempDir
    private Path folder;

    @Test
    void aBrokenAppendIsGivenUpAndTheNextRunBeginsAnew() {
        try (TestSchema source = PostgresServer.shared().newSchema();
                TestSchema target = PostgresServer.shared().newSchema()) {
            source.execute("create table orders as select n as id from generate_series(1, 100) n");
            target.execute("create table orders (id integer check (id <> 77))");
            String file = PipelineYaml.between(source, target, "orders").writeTo(folder);
            assertThat(run("run", file).code(), is(1));
            assertThat(run("state", "show", file).out(), containsString("orders"));

            CommandLineRun teardown = run("teardown", file);

            assertThat(teardown.err(), teardown.code(), is(0));
            assertThat(teardown.out(), containsString("orders"));
            CommandLineRun again = run("teardown", file);
            assertThat(again.out(), containsString("nothing to tear down"));
            target.execute("alter table orders drop constraint orders_id_check");
            CommandLineRun anew = run("run", file);
            assertThat(anew.err(), anew.code(), is(0));
            assertThat(anew.out(), not(containsString("resumed")));
            assertThat(target.value("select count(*) from orders"), is("100"));
        }
    }

    private static CommandLineRun run(String... arguments) {
        return CommandLineRun.of(PipelineYaml.ENVIRONMENT, arguments);
    }
}
