// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.is;

import io.rapidbyte.testing.TestSchema;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the source says before a run, of all that would be in its way at once, and that its remedies are some. */
@Timeout(120)
class CheckTest {
    /** A role that has no privilege but to log in, for as long as a test takes. */
    private static final class Guest implements AutoCloseable {
        private final TestSchema schema;
        final String name;

        Guest(TestSchema schema) {
            this.schema = schema;
            // A name that has to be quoted where it is used.
            name = schema.name() + " Guest";
            schema.executeAsSuperuser("create role " + quoted() + " login password 'geheim'");
        }

        String quoted() {
            return TestSchema.quote(name);
        }

        List<CheckResult.Check> failures(StreamSpec... streams) {
            try (SourceConnector source = PostgresSource.open(schema.config(name, "geheim"))) {
                return source.check(List.of(streams)).checks().stream()
                        .filter(check -> !check.ok())
                        .toList();
            }
        }

        @Override
        public void close() {
            schema.executeAsSuperuser("drop owned by " + quoted(), "drop role " + quoted());
        }
    }

    private static List<String> messages(List<CheckResult.Check> checks) {
        return checks.stream()
                .map(check -> check.name() + ": " + check.message())
                .toList();
    }

    private static List<String> hints(List<CheckResult.Check> checks) {
        return checks.stream().map(CheckResult.Check::hint).toList();
    }

    @ParameterizedTest
    @EnumSource
    void allThatIsWrongIsToldAtOnceAndItsRemediesHelp(ServerVersion version) {
        try (TestSchema schema = version.newSchema();
                Guest guest = new Guest(schema)) {
            schema.execute(
                    "create table orders (id int, amount int, note text)",
                    "create table secured (id int)",
                    "alter table secured enable row level security",
                    "create table plain (id int)");
            schema.executeAsSuperuser("grant select (id) on orders to " + guest.quoted());
            StreamSpec[] streams = {
                StreamSpec.of("orders")
                        .withColumns(List.of("id", "amuont", "note"))
                        .withPartitionKey("idd"),
                StreamSpec.of("secured"),
                StreamSpec.of("ordres"),
                StreamSpec.of("plain"),
            };
            String s = schema.name();
            List<CheckResult.Check> failures = guest.failures(streams);
            assertThat(
                    messages(failures),
                    contains(
                            "stream orders: " + s + ".orders has no column 'amuont'",
                            "stream orders: member 'partition_key': " + s + ".orders has no column 'idd'",
                            "stream orders: the user may not use the schema " + s,
                            "stream orders: the user may not read 1 of the columns of " + s + ".orders: note",
                            "stream secured: the user may not use the schema " + s,
                            "stream secured: the user may not read " + s + ".secured",
                            "stream secured: row security lets the user see a part of the rows of " + s
                                    + ".secured only, and a copy of that part would pass for the whole",
                            "stream ordres: there is no table or view " + s + ".ordres in Postgres at "
                                    + schema.config().get("host") + ":"
                                    + schema.config().get("port")
                                    + " (database warehouse, user " + guest.name + ")",
                            "stream plain: the user may not use the schema " + s,
                            "stream plain: the user may not read " + s + ".plain"));
            assertThat(
                    failures.stream().map(CheckResult.Check::category).toList(),
                    contains(
                            Category.CONFIG,
                            Category.CONFIG,
                            Category.PERMISSION,
                            Category.PERMISSION,
                            Category.PERMISSION,
                            Category.PERMISSION,
                            Category.PERMISSION,
                            Category.CONFIG,
                            Category.PERMISSION,
                            Category.PERMISSION));
            assertThat(hints(failures).get(0), is("did you mean 'amount'?"));
            assertThat(hints(failures).get(1), is("did you mean 'id'?"));
            assertThat(hints(failures).get(7), is("did you mean '" + s + ".orders'?"));

            // What the remedies say, up to the alternatives that some name.
            Stream<String> statements = hints(failures).stream()
                    .filter(hint -> hint.startsWith("GRANT") || hint.startsWith("ALTER"))
                    .map(hint -> hint.split("; or ")[0]);
            schema.executeAsSuperuser(statements.distinct().toArray(String[]::new));
            StreamSpec corrected =
                    StreamSpec.of("orders").withColumns(List.of("id", "note")).withPartitionKey("id");
            assertThat(guest.failures(corrected, StreamSpec.of("secured"), StreamSpec.of("plain")), is(empty()));
            assertThat(
                    messages(guest.failures(StreamSpec.of("orders"))),
                    contains("stream orders: the user may not read 1 of the columns of " + s + ".orders: amount"));
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatIsMissingBehindAViewIsTheOwnersToGet(ServerVersion version) {
        try (TestSchema schema = version.newSchema();
                Guest owner = new Guest(schema)) {
            schema.execute(
                    "create table base (id int)",
                    "create view seen as select * from base",
                    "grant select on seen to public");
            schema.executeAsSuperuser(
                    "grant usage, create on schema " + schema.quoted() + " to " + owner.quoted(),
                    "alter view seen owner to " + owner.quoted());
            List<CheckResult.Check> failures = owner.failures(StreamSpec.of("seen"));
            assertThat(messages(failures), contains(containsString("permission denied for table base")));
            assertThat(failures.get(0).category(), is(Category.PERMISSION));
            assertThat(hints(failures), contains(containsString("to the owner of \"" + schema.name() + "\".\"seen\"")));
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatIsInOrderIsSaid(ServerVersion version) {
        try (TestSchema schema = version.newSchema()) {
            schema.execute("create table orders (id int, amount int)");
            try (SourceConnector source = PostgresSource.open(schema.config())) {
                List<CheckResult.Check> checks =
                        source.check(List.of(StreamSpec.of("orders"))).checks();
                assertThat(
                        checks.stream().map(CheckResult.Check::name).toList(),
                        contains("connection", "server_version", "server_encoding", "stream orders"));
                assertThat(checks.stream().allMatch(CheckResult.Check::ok), is(true));
                assertThat(checks.get(0).message(), containsString("(database warehouse, user loader)"));
                assertThat(checks.get(1).message(), containsString("the server has version " + version.major + "."));
                assertThat(checks.get(3).message(), is(schema.name() + ".orders can be read: 2 columns"));
            }
        }
    }
}
