// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Modules that have a manifest and nothing else: enough to be shown, and nothing that could be run. */
final class HandmadeModule {
    private static final byte[] HEADER = {0, 'a', 's', 'm', 1, 0, 0, 0};
    private static final int CUSTOM = 0;

    private HandmadeModule() {}

    static byte[] withManifest(String json) {
        ByteArrayOutputStream section = new ByteArrayOutputStream();
        byte[] name = "rapidbyte.manifest".getBytes(StandardCharsets.UTF_8);
        length(section, name.length);
        section.writeBytes(name);
        section.writeBytes(json.getBytes(StandardCharsets.UTF_8));
        ByteArrayOutputStream module = new ByteArrayOutputStream();
        module.writeBytes(HEADER);
        module.write(CUSTOM);
        length(module, section.size());
        module.writeBytes(section.toByteArray());
        return module.toByteArray();
    }

    /** An unsigned number in LEB128. */
    private static void length(ByteArrayOutputStream out, int value) {
        int rest = value;
        while (rest > 0x7F) {
            out.write(rest & 0x7F | 0x80);
            rest >>>= 7;
        }
        out.write(rest);
    }
}
