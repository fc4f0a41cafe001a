import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.parser.IParser;
import ca.uhn.fhir.parser.LenientErrorHandler;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.SingleValidationMessage;
import ca.uhn.fhir.validation.ValidationOptions;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r4.model.Questionnaire;

/**
 * Validates FHIR resources by the definitions in folders, and by nothing that is not on this machine.
 *
 * <p>Arguments: the folders; of two definitions with one URL the later folder's counts. Input: a line of JSON for each
 * resource, with its {@code resource} and the {@code profile} to hold it to; without one it is a Questionnaire, that
 * the answers to it are held to from then on. Output: a line for each, with every {@code errors} found, as
 * texts.
 */
public final class Conformance {
  private static final ObjectMapper JSON = new ObjectMapper();

  public static void main(String[] folders) throws IOException {
    FhirContext context = FhirContext.forR4();
    IParser parser = context.newJsonParser();
    parser.setParserErrorHandler(new LenientErrorHandler().disableAllErrors());
    PrePopulatedValidationSupport definitions = new PrePopulatedValidationSupport(context);
    for (String folder : folders) {
      for (Path file : files(folder)) {
        IBaseResource definition = parser.parseResource(Files.readString(file));
        definitions.addResource(definition);
      }
    }
    Questionnaires questionnaires = new Questionnaires(context);
    FhirInstanceValidator validator =
        new FhirInstanceValidator(
            new ValidationSupportChain(
                ValidationSupportChain.CacheConfiguration.defaultValues(),
                questionnaires,
                definitions,
                new DefaultProfileValidationSupport(context),
                new CommonCodeSystemsTerminologyService(context),
                new InMemoryTerminologyServerValidationSupport(context)));
    validator.setErrorForUnknownProfiles(true);
    FhirValidator fhir = context.newValidator().registerValidatorModule(validator);
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      JsonNode asked = JSON.readTree(line);
      String resource = asked.path("resource").toString();
      ObjectNode answer = JSON.createObjectNode();
      var errors = answer.putArray("errors");
      if (asked.has("profile")) {
        ValidationOptions options = new ValidationOptions().addProfile(asked.path("profile").asText());
        for (SingleValidationMessage found : fhir.validateWithResult(resource, options).getMessages()) {
          switch (found.getSeverity()) {
            case ERROR, FATAL -> errors.add(found.getLocationString() + ": " + found.getMessage());
            default -> { }
          }
        }
      } else {
        questionnaires.add(parser.parseResource(Questionnaire.class, resource));
        validator.invalidateCaches();
      }
      System.out.println(JSON.writeValueAsString(answer));
    }
  }

  /** The Questionnaires known so far, which HAPI's own supports have no place for. */
  private record Questionnaires(FhirContext context, Map<String, Questionnaire> known) implements IValidationSupport {
    Questionnaires(FhirContext context) {
      this(context, new HashMap<>());
    }

    void add(Questionnaire questionnaire) {
      known.put(questionnaire.getUrl() + "|" + questionnaire.getVersion(), questionnaire);
    }

    @Override
    public FhirContext getFhirContext() {
      return context;
    }

    @Override
    public <T extends IBaseResource> T fetchResource(Class<T> wanted, String canonical) {
      return wanted == Questionnaire.class ? wanted.cast(known.get(canonical)) : null;
    }
  }

  private static List<Path> files(String folder) {
    try (Stream<Path> all = Files.walk(Path.of(folder))) {
      return all.filter(path -> path.toString().endsWith(".json")).sorted().toList();
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }
}
