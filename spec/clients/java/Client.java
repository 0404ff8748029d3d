// spec/clients/java/Client.java -- the official Java client, as clients.test.mjs drives it: commands on standard
// input, what happens on standard output, a line each.

import io.socket.client.Ack;
import io.socket.client.IO;
import io.socket.client.Socket;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import org.json.JSONException;
import org.json.JSONObject;

public class Client {
  static final HexFormat HEX = HexFormat.of();
  static final Map<String, String> auth = new HashMap<>();

  static synchronized void say(String line) {
    System.out.println(line);
    System.out.flush();
  }

  static void action(Object... args) {
    JSONObject action = (JSONObject) args[0];
    auth.put("lastSeq", String.valueOf(action.optLong("seq")));
    say("action " + action);
  }

  static void obey(Socket socket, String word, String rest) throws JSONException {
    switch (word) {
      case "emit" -> socket.emit("message", new Object[] {new JSONObject(rest)}, (Ack) args -> say("ack " + args[0]));
      case "bytes" -> socket.emit("message", (Object) HEX.parseHex(rest));
      case "ask" -> socket.emit("message-with-ack", new Object[] {HEX.parseHex(rest)},
          (Ack) args -> say("answer " + HEX.formatHex((byte[]) args[0])));
      default -> say("unknown " + word);
    }
  }

  public static void main(String[] arguments) throws Exception {
    auth.put("agentId", System.getenv("AGENT"));
    auth.put("apiKey", System.getenv("KEY"));
    IO.Options options = IO.Options.builder().setAuth(auth).setPath(System.getenv("ENGINE_PATH"))
        .setTransports(new String[] {System.getenv("TRANSPORT")}).setReconnectionDelay(50).setReconnectionDelayMax(200)
        .build();
    Socket socket = IO.socket(URI.create(System.getenv("URL_")), options);
    socket.on(Socket.EVENT_CONNECT, args -> say("connected"));
    socket.on(Socket.EVENT_DISCONNECT, args -> say("disconnected"));
    socket.on("message", Client::action);
    socket.on("message-back", args -> say("back " + HEX.formatHex((byte[]) args[0])));
    socket.connect();
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    for (String line; (line = in.readLine()) != null; ) {
      String[] parts = line.split(" ", 2);
      obey(socket, parts[0], parts[1]);
    }
    socket.disconnect();
    System.exit(0);
  }
}
