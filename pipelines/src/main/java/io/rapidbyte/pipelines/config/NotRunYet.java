// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.config;

import java.util.ArrayList;
import java.util.List;

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
            if (mode.equals("cdc")) {
                refuse(
                        stream + "/sync_mode",
                        "this version does not run " + mode
                                + " streams; use full_refresh, which reads the whole table");
            }
        }
    }

    private void refuse(String pointer, String message) {
        problems.add(document.keyProblem(pointer, message));
    }
}
