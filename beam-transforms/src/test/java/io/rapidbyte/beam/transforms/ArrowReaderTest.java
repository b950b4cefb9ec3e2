// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.transforms;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.equalTo;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.Frame;
import io.rapidbyte.wasm.InstanceOptions;
import io.rapidbyte.wasm.ReadCallbacks;
import io.rapidbyte.wasm.SourceConnector;
import io.rapidbyte.wasm.StreamPlan;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.WasmHost;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowStreamReader;
import org.junit.jupiter.api.Test;

/** The frames of the connectors are opened by another implementation of Arrow, and hold what was read. */
class ArrowReaderTest {
    @Test
    void arrowJavaReadsWhatTheSourceEmits() throws IOException {
        try (TestSchema schema = PostgresServer.shared().newSchema()) {
            schema.execute(
                    "CREATE TYPE pair AS (a integer, b text)",
                    "CREATE TABLE t (i integer[], ii text[][], p pair, ps pair[], r int4range, m datemultirange, v interval,"
                            + " o oid, x xid8, c money, path path, b boolean[])",
                    "INSERT INTO t VALUES ('{1,NULL,3}', '{{a,b},{NULL,\"\"}}', ROW(1, NULL), ARRAY[ROW(2, 'x'), NULL]::pair[], '[1,)',"
                            + " '{[2024-01-01,2024-01-03)}', '14 mons 3 days 00:00:01.5', 4294967295, '18446744073709551615', '-12.34',"
                            + " '[(1,2),(3,4)]', '{t,NULL,f}')",
                    "INSERT INTO t SELECT FROM generate_series(1, 8)",
                    "INSERT INTO t VALUES ('{}', '{}', ROW(7, 'y'), '{}', 'empty', '{}', '-1 mons', 0, '0', '0', '((5,6))', '{}')");
            List<String> first = new ArrayList<>();
            List<String> last = new ArrayList<>();
            for (byte[] frame : frames(schema)) {
                try (RootAllocator allocator = new RootAllocator();
                        ArrowStreamReader reader = new ArrowStreamReader(new ByteArrayInputStream(frame), allocator)) {
                    reader.loadNextBatch();
                    VectorSchemaRoot root = reader.getVectorSchemaRoot();
                    assertThat(root.getRowCount(), equalTo(10));
                    for (FieldVector vector : root.getFieldVectors()) {
                        assertThat(vector.getNullCount(), equalTo(8));
                        first.add(String.valueOf(vector.getObject(0)));
                        last.add(String.valueOf(vector.getObject(9)));
                    }
                }
            }
            assertThat(
                    first,
                    contains(
                            "[1,null,3]",
                            "[[\"a\",\"b\"],[null,\"\"]]",
                            "{\"a\":1}",
                            "[{\"a\":2,\"b\":\"x\"},null]",
                            "{\"lower\":1,\"lower_inclusive\":true,\"upper_inclusive\":false,\"empty\":false}",
                            "[{\"lower\":19723,\"upper\":19725,\"lower_inclusive\":true,\"upper_inclusive\":false,\"empty\":false}]",
                            "P14M3D PT1.5S",
                            "-1",
                            "-1",
                            "-12.34",
                            "{\"closed\":false,\"points\":[{\"x\":1.0,\"y\":2.0},{\"x\":3.0,\"y\":4.0}]}",
                            "[true,null,false]"));
            assertThat(
                    last,
                    contains(
                            "[]",
                            "[]",
                            "{\"a\":7,\"b\":\"y\"}",
                            "[]",
                            "{\"lower_inclusive\":false,\"upper_inclusive\":false,\"empty\":true}",
                            "[]",
                            "P-1M PT0S",
                            "0",
                            "0",
                            "0.00",
                            "{\"closed\":true,\"points\":[{\"x\":5.0,\"y\":6.0}]}",
                            "[]"));
        }
    }

    private static List<byte[]> frames(TestSchema schema) throws JsonProcessingException {
        List<byte[]> frames = new ArrayList<>();
        String config = new ObjectMapper().writeValueAsString(schema.config());
        try (SourceConnector source = WasmHost.shared()
                .openSource(ConnectorModule.bundled("source-postgres"), config, InstanceOptions.of("test"))) {
            StreamPlan plan = source.plan(StreamSpec.of("t"));
            source.read(plan, 0, plan.units(), new ReadCallbacks() {
                @Override
                public boolean claim(long unit) {
                    return true;
                }

                @Override
                public void emit(Frame frame) {
                    frames.add(frame.bytes());
                }
            });
        }
        return frames;
    }
}
