// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.auto.value.AutoValue;
import java.io.Serializable;
import java.util.regex.Pattern;
import javax.annotation.Nullable;
import org.apache.beam.sdk.schemas.AutoValueSchema;
import org.apache.beam.sdk.schemas.annotations.DefaultSchema;
import org.apache.beam.sdk.schemas.annotations.SchemaCreate;

/**
 * A record that could not be moved, and why. It has a Beam schema, so that it can be turned into rows and written anywhere.
 *
 * <p>A part of a stream that is read or written again yields the same letters again: one can come more than once, and (run, stream,
 * connector, unit, number) tells which ones are the same.
 */
@DefaultSchema(AutoValueSchema.class)
@AutoValue
public abstract class DeadLetter implements Serializable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern SQL_STATE = Pattern.compile("[0-9A-Z]{2}[0-9A-Z]{3}");

    /** The run that met it. */
    public abstract String getRunId();

    /** The name of the stream it is a record of. */
    public abstract String getStream();

    /** The name of the connector that could not move it. */
    public abstract String getConnector();

    /** The unit of the stream's plan it was met in. */
    public abstract long getUnit();

    /**
     * Its number among the dead letters of the unit, from 0. For a record that a destination refused: its number among those of its batch, and
     * 2<sup>32</sup> times the batch's number within the unit.
     */
    public abstract long getNumber();

    /** What kind of failure it is, in the words of the connector ABI (section 8): {@code data}, … */
    public abstract String getCategory();

    /** The reason, short and stable, for programs: {@code record_too_large}, … */
    public abstract String getReason();

    /** The reason for people. */
    public abstract String getMessage();

    /** The database's own code of the failure; null when it was not the database that refused the record. */
    @Nullable
    public abstract String getSqlState();

    /** The record as a JSON object, or what is known of it, its primary key first of all; null when nothing is. */
    @Nullable
    public abstract String getRecord();

    /** A letter of these parts. */
    @SchemaCreate
    public static DeadLetter of(
            String runId,
            String stream,
            String connector,
            long unit,
            long number,
            String category,
            String reason,
            String message,
            @Nullable String sqlState,
            @Nullable String record) {
        return new AutoValue_DeadLetter(
                runId, stream, connector, unit, number, category, reason, message, sqlState, record);
    }

    /**
     * The letter that a connector emitted.
     *
     * @param json what it gave to {@code emit_dlq}: an object with {@code record} and {@code error}
     */
    static DeadLetter ofEmitted(String runId, String stream, String connector, long unit, long number, String json) {
        JsonNode letter;
        try {
            letter = JSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("A dead letter of stream " + stream + " is not JSON.", e);
        }
        JsonNode error = letter.path("error");
        JsonNode record = letter.path("record");
        String reason = error.path("code").asText("unknown");
        return of(
                runId,
                stream,
                connector,
                unit,
                number,
                error.path("category").asText("data"),
                reason,
                error.path("message").asText(""),
                SQL_STATE.matcher(reason).matches() ? reason : null,
                record.isEmpty() ? null : record.toString());
    }
}
