// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static java.util.Objects.requireNonNull;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The names of all metrics, and the one place that writes and parses them.
 *
 * <p>All are Beam counters in the namespace {@value #NAMESPACE}, but for those that end in {@code _max}: they are distributions, of which the greatest value counts. Beam's metrics have no labels, so that stream and connector stand in the
 * name: {@code source_read_nanos{stream=orders,connector=source-postgres}}. Every character of a value other than ASCII letters, digits,
 * dot, hyphen and underscore is written as the percent escapes of its UTF-8 bytes.
 *
 * <p>What ends in {@code _nanos} is nanoseconds; threads that work side by side add up. The phases of a read sum to {@link #SOURCE_READ}, those of a write to
 * {@link #DEST_WRITE}; {@link StreamReport} has them in their order.
 *
 * <p>Beside these there are, for every host function of the connector ABI that was called, {@code source_host_<function>_nanos}, {@code
 * …_count} and {@code …_bytes}, and the same with {@code dest_host_}.
 */
public final class RapidbyteMetrics {
    /** The namespace of all metrics. */
    public static final String NAMESPACE = "rapidbyte";

    /** Rows emitted by the source. */
    public static final String RECORDS_READ = "records_read";
    /** Bytes of the frames emitted by the source. */
    public static final String BYTES_READ = "bytes_read";
    /** Batches emitted by the source. */
    public static final String BATCHES_READ = "batches_read";
    /** Read calls: pieces of a stream that were read without a pause. */
    public static final String READ_BUNDLES = "read_bundles";
    /** Rows that a source left out because they are larger than a record may be. */
    public static final String LARGE_RECORDS = "large_records";
    /** Dead letters that came out of reading or, under the destination's name, of writing. */
    public static final String DEAD_LETTERS = "dead_letters";
    /** Rows committed, as the destination counts them. */
    public static final String RECORDS_WRITTEN = "records_written";
    /** Rows that the destination refused and that were left out. */
    public static final String RECORDS_REFUSED = "records_refused";
    /** Bytes of the frames that were committed. */
    public static final String BYTES_WRITTEN = "bytes_written";
    /** Batches committed. */
    public static final String BATCHES_WRITTEN = "batches_written";
    /** Write calls: one for each stream of a bundle, or several where streams had to make room for each other. */
    public static final String WRITE_BUNDLES = "write_bundles";
    /** Commits that held batches: one for each write call, and one for each checkpoint within it. */
    public static final String COMMITS = "commits";

    /** Reading, as a whole. */
    public static final String SOURCE_READ = "source_read_nanos";
    /** Phase of a read: connecting and authenticating, as the source reports it. */
    public static final String SOURCE_CONNECT = "source_connect_nanos";
    /** Phase of a read: from sending a query to its first data, as the source reports it. */
    public static final String SOURCE_QUERY = "source_query_nanos";
    /** Phase of a read: receiving the server's data outside of the two above. */
    public static final String SOURCE_FETCH = "source_fetch_nanos";
    /** Phase of a read: taking received data apart, as the source reports it. */
    public static final String SOURCE_DECODE = "source_decode_nanos";
    /** Phase of a read: building Arrow batches. All that is left, for a source that does not report it. */
    public static final String SOURCE_ARROW_ENCODE = "source_arrow_encode_nanos";
    /** Phase of a read: all that is left, for a source that reports the phases before. */
    public static final String SOURCE_OTHER = "source_other_nanos";
    /** Phase of a read: handing batches over, including what fused steps do with them. */
    public static final String EMIT = "emit_nanos";
    /** Batches handed over. */
    public static final String EMIT_COUNT = "emit_count";
    /** Phase of a read: asking the runner for units. */
    public static final String CLAIM = "claim_nanos";
    /** Planning a stream, with connecting. */
    public static final String SOURCE_PLAN = "source_plan_nanos";
    /** Opening instances of the source, with loading the module. */
    public static final String SOURCE_VM_SETUP = "source_vm_setup_nanos";

    /** Preparing and writing, as a whole, on the writer's thread. */
    public static final String DEST_WRITE = "dest_write_nanos";
    /** Phase of a write: connecting and authenticating, as the destination reports it. */
    public static final String DEST_CONNECT = "dest_connect_nanos";
    /** Phase of a write: preparing the target table, without connecting. */
    public static final String DEST_APPLY = "dest_apply_nanos";
    /** Phase of a write: waiting for the next batch to arrive. */
    public static final String DEST_RECV_WAIT = "dest_recv_wait_nanos";
    /** Phase of a write: sending data, as the destination reports it. */
    public static final String DEST_FLUSH = "dest_flush_nanos";
    /** Phase of a write: committing, as the destination reports it. */
    public static final String DEST_COMMIT = "dest_commit_nanos";
    /** Phase of a write: turning Arrow batches into its format. All that is left, for a destination that does not report it. */
    public static final String DEST_ARROW_DECODE = "dest_arrow_decode_nanos";
    /** Phase of a write: all that is left, for a destination that reports the phases before. */
    public static final String DEST_OTHER = "dest_other_nanos";
    /** Writing without waiting for batches. */
    public static final String DEST_RECV_PROCESS = "dest_recv_process_nanos";
    /** Batches taken by the destination. */
    public static final String DEST_RECV_COUNT = "dest_recv_count";
    /** Opening instances of the destination, with loading the module. */
    public static final String DEST_VM_SETUP = "dest_vm_setup_nanos";
    /** Finalizing a stream. */
    public static final String DEST_FINALIZE = "dest_finalize_nanos";

    /** Time in which the step before had to wait because the writer's queue was full. */
    public static final String SINK_ENQUEUE_WAIT = "sink_enqueue_wait_nanos";
    /** Time in which the end of a bundle waited for the writer to commit. */
    public static final String SINK_COMMIT_WAIT = "sink_commit_wait_nanos";
    /** Compressing batches where they leave a process or stage. */
    public static final String COMPRESS = "compress_nanos";
    /** Bytes of the frames that were to be compressed. */
    public static final String COMPRESS_BYTES_IN = "compress_bytes_in";
    /** Bytes that these took afterwards; a frame that does not shrink stays as it is. */
    public static final String COMPRESS_BYTES_OUT = "compress_bytes_out";
    /** Decompressing batches. */
    public static final String DECOMPRESS = "decompress_nanos";
    /** Bytes that were decompressed; frames that had stayed as they were are not among them. */
    public static final String DECOMPRESS_BYTES_IN = "decompress_bytes_in";
    /** Bytes of the frames that came out of it. */
    public static final String DECOMPRESS_BYTES_OUT = "decompress_bytes_out";
    /** Loading modules: parsing, compiling and instantiating. */
    public static final String MODULE_LOAD = "module_load_nanos";

    /** Workers that read: instances of the reading step that had at least one piece of the stream. */
    public static final String SOURCE_WORKERS = "source_workers";
    /** Rows emitted by the one of them that emitted most. */
    public static final String SOURCE_WORKER_RECORDS_MAX = "source_worker_records_max";
    /** Workers that wrote: instances of the writing step that had at least one bundle of the stream. */
    public static final String DEST_WORKERS = "dest_workers";
    /** Rows committed by the one of them that committed most. */
    public static final String DEST_WORKER_RECORDS_MAX = "dest_worker_records_max";

    private static final String MAX = "_max";

    private static final Pattern FULL_NAME =
            Pattern.compile("(?<metric>[a-z0-9_]+)\\{stream=(?<stream>[^,{}]*),connector=(?<connector>[^,{}]*)}");

    private RapidbyteMetrics() {}

    /** Two values of a metric, of two streams or attempts for instance, as one: their sum, or the greater one where the metric is a maximum. */
    public static long combine(String metric, long one, long other) {
        return metric.endsWith(MAX) ? Math.max(one, other) : one + other;
    }

    /**
     * A metric's name in its three parts, none null.
     *
     * @param metric one of this class's constants
     * @param stream the stream's name as the pipeline has it
     * @param connector the connector's name
     */
    public record Name(String metric, String stream, String connector) {
        /** Checks that all are there. */
        public Name {
            requireNonNull(metric, "metric");
            requireNonNull(stream, "stream");
            requireNonNull(connector, "connector");
        }

        /** The name as Beam has it. */
        public String format() {
            return metric + "{stream=" + escape(stream) + ",connector=" + escape(connector) + "}";
        }

        /** The parts of a name that {@link #format()} wrote; empty for any other text. */
        public static Optional<Name> parse(String text) {
            Matcher matcher = FULL_NAME.matcher(text);
            if (!matcher.matches()) {
                return Optional.empty();
            }
            return Optional.of(new Name(
                    matcher.group("metric"), unescape(matcher.group("stream")), unescape(matcher.group("connector"))));
        }

        private static String escape(String value) {
            StringBuilder escaped = new StringBuilder(value.length());
            for (byte octet : value.getBytes(StandardCharsets.UTF_8)) {
                char character = (char) Byte.toUnsignedInt(octet);
                boolean plain = character >= 'a' && character <= 'z'
                        || character >= 'A' && character <= 'Z'
                        || character >= '0' && character <= '9'
                        || character == '.'
                        || character == '-'
                        || character == '_';
                if (plain) {
                    escaped.append(character);
                } else {
                    escaped.append(String.format(Locale.ROOT, "%%%02X", (int) character));
                }
            }
            return escaped.toString();
        }

        private static String unescape(String value) {
            // The escaping above never writes a plus, the one character this decoder would change beyond the escapes.
            return URLDecoder.decode(value, StandardCharsets.UTF_8);
        }
    }
}
