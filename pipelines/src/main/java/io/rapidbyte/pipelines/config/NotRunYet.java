// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * What the form of a pipeline file allows and this version does not run. It is refused and never skipped: a file that asks
 * for an incremental stream and gets a whole one would be worse than an error.
 */
final class NotRunYet {
    private final Document document;
    private final List<ConfigProblem> problems = new ArrayList<>();

    private NotRunYet(Document document) {
        this.document = document;
    }

    /** Returns one problem for each part of a valid document that this version does not run. */
    static List<ConfigProblem> problems(Document document) {
        NotRunYet check = new NotRunYet(document);
        check.streams();
        check.resources();
        if (!document.root().path("transforms").isEmpty()) {
            check.refuse("/transforms", "this version does not run transforms; remove the section");
        }
        return check.problems;
    }

    private void streams() {
        int count = document.root().at("/source/streams").size();
        for (int i = 0; i < count; i++) {
            String stream = "/source/streams/" + i;
            String mode = document.root().at(stream + "/sync_mode").asText("full_refresh");
            if (!mode.equals("full_refresh")) {
                refuse(
                        stream + "/sync_mode",
                        "this version does not run " + mode
                                + " streams; use full_refresh, which reads the whole table");
                continue;
            }
            for (String field : List.of("cursor_field", "tie_breaker_field")) {
                refuseIfPresent(stream, field, "a full_refresh stream has no use for it; remove it");
            }
        }
    }

    private void resources() {
        String base = "/resources";
        refuseUnlessZero(base, "max_retries", "this version leaves retries to the runner; remove the field");
        refuseIfPresent(base, "copy_flush_bytes", "this version chooses the flush size itself; remove the field");
        JsonNode autotune = document.root().at(base + "/autotune");
        boolean asks = autotune.path("enabled").asBoolean()
                || Set.of("pin_parallelism", "pin_source_partition_mode", "pin_copy_flush_bytes").stream()
                        .anyMatch(autotune::has);
        if (asks) {
            refuse(base + "/autotune", "this version does not tune itself; set parallelism and remove the section");
        }
    }

    private void refuseIfPresent(String base, String field, String message) {
        if (document.root().at(base).hasNonNull(field)) {
            refuse(FieldPath.child(base, field), message);
        }
    }

    private void refuseUnlessZero(String base, String field, String message) {
        JsonNode value = document.root().at(base).path(field);
        boolean zero = value.isMissingNode()
                || value.isNull()
                || (value.isNumber()
                        ? value.asLong() == 0
                        : ByteSize.parse(value.asText()).bytes() == 0);
        if (!zero) {
            refuse(FieldPath.child(base, field), message);
        }
    }

    private void refuse(String pointer, String message) {
        problems.add(document.keyProblem(pointer, message));
    }
}
