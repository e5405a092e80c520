import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import org.commonmark.Extension;
import org.commonmark.ext.gfm.tables.TablesExtension;
import org.commonmark.node.AbstractVisitor;
import org.commonmark.node.Code;
import org.commonmark.node.Heading;
import org.commonmark.node.Image;
import org.commonmark.node.Link;
import org.commonmark.node.Node;
import org.commonmark.node.Text;
import org.commonmark.parser.Parser;
import org.commonmark.renderer.html.HtmlRenderer;

/**
 * Makes a static site of the repository's Markdown pages. It starts at {@code README.md} and
 * follows the links: a page becomes a page, any other file that is linked becomes a page that shows
 * it, images are copied. Its argument is the site's folder; needs commonmark on the class path.
 * Called by {@code docs/pom.xml}.
 */
final class Site {
  private static final Path HOME = Path.of("README.md");

  private final Path folder;
  private final List<Extension> extensions = List.of(TablesExtension.create());
  private final Map<Path, Node> pages = new LinkedHashMap<>();
  private final Set<Path> files = new LinkedHashSet<>();
  private final Set<Path> images = new LinkedHashSet<>();
  private final List<String> problems = new ArrayList<>();

  private Site(Path folder) {
    this.folder = folder;
  }

  public static void main(String[] arguments) throws IOException {
    Site site = new Site(Path.of(arguments[0]));
    site.read();
    if (!site.problems.isEmpty()) {
      site.problems.forEach(System.err::println);
      System.exit(1);
    }
    site.write();
    System.out.printf(
        "site: %d pages and %d files in %s%n",
        site.pages.size(), site.files.size(), site.folder.resolve("index.html"));
  }

  private void read() throws IOException {
    Parser parser = Parser.builder().extensions(extensions).build();
    Queue<Path> unread = new ArrayDeque<>(List.of(HOME));
    while (!unread.isEmpty()) {
      Path page = unread.remove();
      Node document = parser.parse(Files.readString(page));
      pages.put(page, document);
      for (Path target : targets(page, document)) {
        if (!isPage(target)) {
          files.add(target);
        } else if (!pages.containsKey(target) && !unread.contains(target)) {
          unread.add(target);
        }
      }
    }
  }

  /** The files of the repository that a page links to. */
  private List<Path> targets(Path page, Node document) {
    List<Path> targets = new ArrayList<>();
    document.accept(
        new AbstractVisitor() {
          @Override
          public void visit(Link link) {
            String path = withoutAnchor(link.getDestination());
            if (isLocal(link.getDestination()) && !path.isEmpty()) {
              Path target = page.resolveSibling(path).normalize();
              if (Files.isRegularFile(target)) {
                targets.add(target);
              } else {
                problems.add(page + ": there is no file " + link.getDestination());
              }
            }
            visitChildren(link);
          }

          @Override
          public void visit(Image image) {
            Path target = page.resolveSibling(image.getDestination()).normalize();
            if (isLocal(image.getDestination()) && Files.isRegularFile(target)) {
              images.add(target);
            } else {
              problems.add(page + ": there is no image " + image.getDestination());
            }
          }
        });
    return targets;
  }

  private void write() throws IOException {
    for (Map.Entry<Path, Node> page : pages.entrySet()) {
      write(page.getKey(), title(page.getValue()), html(page.getValue()));
    }
    for (Path file : files) {
      String text = Files.readString(file);
      String name = escape(file.toString());
      write(file, name, "<h1>%s</h1>\n<pre><code>%s</code></pre>\n".formatted(name, escape(text)));
    }
    for (Path image : images) {
      Path target = folder.resolve(image);
      Files.createDirectories(target.getParent());
      Files.copy(image, target, StandardCopyOption.REPLACE_EXISTING);
    }
    Files.copy(Path.of("docs/site.css"), folder.resolve("site.css"));
  }

  private void write(Path source, String title, String body) throws IOException {
    Path target = folder.resolve(output(source));
    String up = "../".repeat(source.getNameCount() - 1);
    Files.createDirectories(target.getParent());
    Files.writeString(
        target,
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <title>%s</title>
        <link rel="stylesheet" href="%ssite.css">
        </head>
        <body>
        <nav>
        %s</nav>
        <main>
        %s</main>
        </body>
        </html>
        """
            .formatted(title, up, navigation(source, up), body));
  }

  /** The pages in the order in which the README names them, then the Javadoc. */
  private String navigation(Path current, String up) {
    StringBuilder items = new StringBuilder("<ul>\n");
    Set<Path> order = new LinkedHashSet<>(List.of(HOME));
    targets(HOME, pages.get(HOME)).stream().filter(Site::isPage).forEach(order::add);
    for (Path page : order) {
      String here = page.equals(current) ? " aria-current=\"page\"" : "";
      String title = title(pages.get(page));
      items.append("<li><a href=\"%s%s\"%s>%s</a></li>%n".formatted(up, output(page), here, title));
    }
    return items
        .append("<li><a href=\"%sapi/index.html\">Javadoc</a></li>%n".formatted(up))
        .append("</ul>\n")
        .toString();
  }

  private String html(Node document) {
    Map<String, Integer> anchors = new HashMap<>();
    return HtmlRenderer.builder()
        .extensions(extensions)
        .attributeProviderFactory(context ->
            (node, tag, attributes) -> {
              if (node instanceof Heading) {
                attributes.put("id", anchor(text(node), anchors));
              } else if (node instanceof Link link && isLocal(link.getDestination())) {
                attributes.put("href", href(link.getDestination()));
              }
            })
        .build()
        .render(document);
  }

  private static String href(String destination) {
    String path = withoutAnchor(destination);
    String anchor = destination.substring(path.length());
    return path.isEmpty() ? anchor : output(Path.of(path)) + anchor;
  }

  /**
   * Where a file of the repository stands in the site: {@code docs/x.md} is {@code docs/x.html}.
   */
  private static String output(Path file) {
    String path = file.normalize().toString().replace('\\', '/');
    if (path.matches("(\\.\\./)*README\\.md")) {
      return path.replace("README.md", "index.html");
    }
    return isPage(file) ? path.replaceFirst("\\.md$", ".html") : path + ".html";
  }

  private static boolean isPage(Path file) {
    return file.toString().endsWith(".md");
  }

  private static boolean isLocal(String destination) {
    return !destination.matches("[a-z]+:.*");
  }

  private static String withoutAnchor(String destination) {
    return destination.replaceFirst("#.*", "");
  }

  /** The anchor that GitHub gives a heading, so that one link is right in both places. */
  private static String anchor(String heading, Map<String, Integer> given) {
    String anchor =
        heading.toLowerCase(Locale.ROOT).replaceAll("[^\\p{L}\\p{N} _-]", "").replace(' ', '-');
    int count = given.merge(anchor, 1, Integer::sum);
    return count == 1 ? anchor : anchor + "-" + (count - 1);
  }

  private static String title(Node document) {
    for (Node node = document.getFirstChild(); node != null; node = node.getNext()) {
      if (node instanceof Heading) {
        return escape(text(node));
      }
    }
    throw new IllegalArgumentException("a page without a heading");
  }

  private static String text(Node node) {
    StringBuilder text = new StringBuilder();
    node.accept(
        new AbstractVisitor() {
          @Override
          public void visit(Text part) {
            text.append(part.getLiteral());
          }

          @Override
          public void visit(Code part) {
            text.append(part.getLiteral());
          }
        });
    return text.toString();
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
