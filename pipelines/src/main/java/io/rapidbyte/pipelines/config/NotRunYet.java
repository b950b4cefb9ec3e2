// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/**
 * What the form of a pipeline file allows and this version does not run. It is refused and never skipped: a file that asks
 * for changes and gets whole tables would be worse than an error.
 */
final class NotRunYet {
    private NotRunYet() {}

    /** Returns one problem for each part of a document that this version does not run. */
    static List<ConfigProblem> problems(Document document) {
        List<ConfigProblem> problems = new ArrayList<>();
        JsonNode streams = document.root().at("/source/streams");
        for (int i = 0; i < streams.size(); i++) {
            if (streams.path(i).path("sync_mode").asText().equals("cdc")) {
                problems.add(document.keyProblem(
                        "/source/streams/" + i + "/sync_mode",
                        "this version does not run cdc streams; use incremental, which reads what is new by a cursor, or"
                                + " full_refresh, which reads the whole table"));
            }
        }
        if (!document.root().path("transforms").isEmpty()) {
            problems.add(
                    document.keyProblem("/transforms", "this version does not run transforms; remove the section"));
        }
        return problems;
    }
}
