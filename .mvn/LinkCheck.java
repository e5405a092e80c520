import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Follows every {@code href} and {@code src} of a static site to the file it names and to the
 * anchor in it, names those that lead nowhere, and fails if there are any. Links to other sites are
 * counted, not followed. Its argument is the site's folder.
 */
final class LinkCheck {
  private static final Pattern LINK = Pattern.compile("\\s(?:href|src)=(?:\"([^\"]*)\"|'([^']*)')");
  private static final Pattern ANCHOR =
      Pattern.compile("\\s(?:id|name)=(?:\"([^\"]*)\"|'([^']*)')");
  private static final Pattern EXTERNAL = Pattern.compile("(?i)(https?|mailto):.*");
  private static final Pattern COMMENT_OR_SCRIPT =
      Pattern.compile("(?s)<!--.*?-->|(?<=<script>).*?(?=</script>)");

  private final Path site;
  private final Map<Path, Set<String>> anchors = new HashMap<>();
  private int links;
  private int external;
  private int dead;

  private LinkCheck(Path site) {
    this.site = site;
  }

  public static void main(String[] arguments) throws IOException {
    LinkCheck check = new LinkCheck(Path.of(arguments[0]).toAbsolutePath().normalize());
    List<Path> pages;
    try (Stream<Path> files = Files.walk(check.site)) {
      pages = files.filter(LinkCheck::isHtml).sorted().toList();
    }
    for (Path page : pages) {
      check.follow(page);
    }
    System.out.printf(
        "links: %d in %d pages, %d of them to other sites, %d dead%n",
        check.links, pages.size(), check.external, check.dead);
    if (check.dead > 0 || check.links == 0) {
      System.exit(1);
    }
  }

  private void follow(Path page) throws IOException {
    for (String link : values(LINK, page)) {
      links++;
      if (EXTERNAL.matcher(link).matches()) {
        external++;
      } else if (!leadsSomewhere(page, link)) {
        dead++;
        System.err.println(site.relativize(page) + ": dead link " + link);
      }
    }
  }

  private boolean leadsSomewhere(Path page, String link) throws IOException {
    String[] parts = link.split("#", 2);
    String path = decoded(parts[0].replaceFirst("\\?.*", ""));
    Path target = path.isEmpty() ? page : page.resolveSibling(path).normalize();
    if (!target.startsWith(site) || !Files.isRegularFile(target)) {
      return false;
    }
    return parts.length == 1 || parts[1].isEmpty() || anchors(target).contains(decoded(parts[1]));
  }

  private Set<String> anchors(Path page) throws IOException {
    Set<String> known = anchors.get(page);
    if (known == null) {
      known = isHtml(page) ? values(ANCHOR, page) : Set.of();
      anchors.put(page, known);
    }
    return known;
  }

  private static Set<String> values(Pattern attribute, Path page) throws IOException {
    String html = COMMENT_OR_SCRIPT.matcher(Files.readString(page)).replaceAll("");
    Set<String> values = new HashSet<>();
    for (Matcher found = attribute.matcher(html); found.find(); ) {
      String value = found.group(1) != null ? found.group(1) : found.group(2);
      values.add(
          value
              .replace("&lt;", "<")
              .replace("&gt;", ">")
              .replace("&quot;", "\"")
              .replace("&amp;", "&"));
    }
    return values;
  }

  private static String decoded(String part) {
    return URLDecoder.decode(part.replace("+", "%2B"), StandardCharsets.UTF_8);
  }

  private static boolean isHtml(Path file) {
    return file.toString().endsWith(".html");
  }
}
