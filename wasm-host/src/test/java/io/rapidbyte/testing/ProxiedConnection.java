// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.testing;

import io.rapidbyte.testing.FaultyProxy.Allowance;
import io.rapidbyte.testing.FaultyProxy.Direction;
import io.rapidbyte.testing.FaultyProxy.Ending;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/** One connection through a {@link FaultyProxy}: https://www.postgresql.org/docs/current/protocol-flow.html. */
final class ProxiedConnection {
    private static final int TLS_REQUEST = 80877103;
    private static final int ENCRYPTION_REQUEST = 80877104;
    private static final int CANCEL_REQUEST = 80877102;

    private final FaultyProxy proxy;
    private final Socket client;
    private final Socket server;
    private final DataInputStream fromClient;
    private final DataInputStream fromServer;
    private final Passage toServer;
    private final Passage toClient;

    /** How many answers the server owes, each of which ends with the message that it is ready; the first one is for the login. */
    private int asked = 1;

    /** Of which answer the client gets nothing. */
    private volatile int lostAnswer = Integer.MAX_VALUE;

    private final List<String> transaction = new ArrayList<>();
    private long bytesOfRows;

    ProxiedConnection(FaultyProxy proxy, Socket client, Socket server) throws IOException {
        this.proxy = proxy;
        this.client = client;
        this.server = server;
        this.fromClient = input(client);
        this.fromServer = input(server);
        this.toServer = new Passage(server, proxy.allowance(Direction.QUESTIONS));
        this.toClient = new Passage(client, proxy.allowance(Direction.ANSWERS));
    }

    private static DataInputStream input(Socket socket) throws IOException {
        return new DataInputStream(new BufferedInputStream(socket.getInputStream(), 1 << 16));
    }

    /** Passes on both directions until one of them ends. */
    void run(Executor threads) throws IOException {
        boolean understood = begin();
        CompletableFuture<Void> answers = CompletableFuture.runAsync(
                () -> untilCut(understood ? this::passAnswers : () -> passBytes(fromServer, toClient)), threads);
        untilCut(understood ? this::passQuestions : () -> passBytes(fromClient, toServer));
        answers.join();
    }

    private interface Direct {
        void pass() throws IOException;
    }

    private void untilCut(Direct direction) {
        try {
            direction.pass();
        } catch (IOException gone) {
            // The other direction ends, too.
        }
        cut();
    }

    private void cut() {
        try (client;
                server) {
            if (proxy.ending() == Ending.RESET) {
                client.setSoLinger(true, 0);
            }
        } catch (IOException closed) {
            // That is what is wanted.
        }
    }

    /** Passes on what comes before the messages that have a type; false when there will be no such messages. */
    private boolean begin() throws IOException {
        while (true) {
            int size = fromClient.readInt();
            byte[] body = fromClient.readNBytes(size - Integer.BYTES);
            int code = ByteBuffer.wrap(body).getInt();
            toServer.pass(ByteBuffer.allocate(size).putInt(size).put(body).array());
            toServer.flush();
            if (code == CANCEL_REQUEST) {
                return false;
            }
            if (code != TLS_REQUEST && code != ENCRYPTION_REQUEST) {
                return true;
            }
            byte answer = fromServer.readByte();
            toClient.pass(new byte[] {answer});
            toClient.flush();
            if (answer != 'N') {
                return false;
            }
        }
    }

    private void passQuestions() throws IOException {
        while (true) {
            byte[] message = read(fromClient);
            Question question = understand(message);
            if (question.type() == 'Q' || question.type() == 'S' || question.type() == 'F') {
                asked++;
            }
            for (Fault fault : proxy.faultsAt(question)) {
                toServer.flush();
                if (fault.kind() == Fault.Kind.CUT_BEFORE) {
                    return;
                }
                if (fault.kind() == Fault.Kind.CUT_AFTER) {
                    lostAnswer = asked;
                } else {
                    fault.awaitRelease();
                }
            }
            toServer.pass(message);
            if (fromClient.available() == 0) {
                toServer.flush();
            }
        }
    }

    private void passAnswers() throws IOException {
        int answered = 0;
        while (true) {
            byte[] message = read(fromServer);
            boolean isLost = answered + 1 >= lostAnswer;
            if (message[0] == 'Z') {
                answered++;
                if (isLost) {
                    return;
                }
            }
            if (!isLost) {
                toClient.pass(message);
            }
            if (fromServer.available() == 0) {
                toClient.flush();
            }
        }
    }

    private static void passBytes(DataInputStream in, Passage out) throws IOException {
        byte[] buffer = new byte[8192];
        for (int size = in.read(buffer); size >= 0; size = in.read(buffer)) {
            out.pass(java.util.Arrays.copyOf(buffer, size));
            out.flush();
        }
    }

    /** A message with its type and size in front. */
    private static byte[] read(DataInputStream in) throws IOException {
        byte type = in.readByte();
        int size = in.readInt();
        byte[] message = new byte[1 + size];
        ByteBuffer.wrap(message).put(type).putInt(size);
        in.readFully(message, 1 + Integer.BYTES, size - Integer.BYTES);
        return message;
    }

    private Question understand(byte[] message) {
        char type = (char) message[0];
        String sql = "";
        if (type == 'Q') {
            sql = text(message, 5);
        } else if (type == 'P') {
            // Behind the name of what is prepared.
            sql = text(message, 6 + text(message, 5).getBytes(StandardCharsets.UTF_8).length);
        } else if (type == 'd' || type == 'B') {
            bytesOfRows += message.length - 5;
        }
        if (Question.begins(sql)) {
            transaction.clear();
            bytesOfRows = 0;
        }
        if (!sql.isEmpty()) {
            transaction.add(sql);
        }
        return new Question(type, sql, transaction, bytesOfRows);
    }

    private static String text(byte[] message, int from) {
        int end = from;
        while (message[end] != 0) {
            end++;
        }
        return new String(message, from, end - from, StandardCharsets.UTF_8);
    }

    /** One direction, as far as it is allowed. */
    private static final class Passage {
        private final DataOutputStream out;
        private final Allowance allowance;

        Passage(Socket socket, Allowance allowance) throws IOException {
            this.out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream(), 1 << 16));
            this.allowance = allowance;
        }

        void pass(byte[] bytes) throws IOException {
            out.write(bytes, 0, allowance.take(bytes.length));
            if (allowance.isUsedUp()) {
                flush();
                throw new EOFException("cut");
            }
        }

        void flush() throws IOException {
            out.flush();
        }
    }
}
