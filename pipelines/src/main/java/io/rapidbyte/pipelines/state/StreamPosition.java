// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

import java.time.Instant;

/**
 * Where the last complete run of an incremental stream has ended.
 *
 * @param pipeline the pipeline's name
 * @param stream the stream's name
 * @param position what the source wrote, a JSON object that means something to it alone
 * @param cursorField the column that orders changes, or null
 * @param cursorType its type, or null when the source does not say
 * @param cursorValue its greatest value, for people, or null when the source does not say
 * @param route where the rows came from and went to when it was stored, as JSON; null when a version that did not know that has stored it
 * @param runId the run
 * @param updated when
 */
public record StreamPosition(
        String pipeline,
        String stream,
        String position,
        String cursorField,
        String cursorType,
        String cursorValue,
        String route,
        String runId,
        Instant updated) {}
