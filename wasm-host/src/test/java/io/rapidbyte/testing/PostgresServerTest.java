// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.testing;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.startsWith;

import org.junit.jupiter.api.Test;

class PostgresServerTest {
    @Test
    void aSchemaLivesAsLongAsItsTest() {
        try (TestSchema schema = PostgresServer.shared().newSchema()) {
            schema.execute("CREATE TABLE t (a int)", "INSERT INTO t VALUES (1)");
            assertThat(schema.relations(), contains("t"));
            assertThat(schema.value("SHOW server_version"), startsWith("18"));
            assertThat(schema.value("SELECT a FROM t"), equalTo("1"));
            schema.close();
            assertThat(schema.query("SELECT 1 FROM pg_namespace WHERE nspname = '" + schema.name() + "'"), empty());
        }
    }

    @Test
    void schemaNamesMayNeedQuoting() {
        try (TestSchema schema = PostgresServer.shared().newSchema("Grüße \"and\" 'quotes'")) {
            schema.execute("CREATE TABLE t (a int)");
            assertThat(schema.relations(), contains("t"));
        }
    }
}
