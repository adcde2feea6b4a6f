using System.Text;

namespace ResourceService.Server.Tests.Chart.Templates;

/// <summary>
/// Templates that render each other, as Helm's do, but strictly: a field that does not exist is an error and not the text <c>&lt;no value&gt;</c>.
/// </summary>
internal sealed class TemplateSet
{
    // Templates that include themselves without end are told instead of filling the stack.
    private const int DepthMax = 50;

    private readonly Dictionary<string, IReadOnlyList<TemplateNode>> _templates;
    private readonly TemplateFunctions _functions;
    private int _depth;

    public TemplateSet()
        : this([])
    {
    }

    private TemplateSet(Dictionary<string, IReadOnlyList<TemplateNode>> templates)
    {
        _templates = new(templates, StringComparer.Ordinal);
        _functions = new TemplateFunctions(Render, RenderText);
    }

    /// <summary>The same templates for one rendering, which may add to them; they are read once.</summary>
    public TemplateSet Copy() => new(_templates);

    /// <summary>Adds a file.</summary>
    public void Add(string name, string text) => TemplateParser.Parse(name, text, _templates);

    /// <summary>Renders one template.</summary>
    public string Render(string name, object? data)
    {
        if (!_templates.TryGetValue(name, out var nodes))
            throw new TemplateException($"There is no template {name}.");
        if (++_depth > DepthMax)
            throw new TemplateException($"Template {name} includes itself.");
        var output = new StringBuilder();
        Write(nodes, data, new Dictionary<string, object?>(StringComparer.Ordinal) { ["$"] = data }, output);
        _depth--;
        return output.ToString();
    }

    // What a user wrote into the values as a template.
    private string RenderText(string text, object? data)
    {
        const string Name = "a text of the values";
        Add(Name, text);
        return Render(Name, data);
    }

    private void Write(IReadOnlyList<TemplateNode> nodes, object? dot, Dictionary<string, object?> outer, StringBuilder output)
    {
        // What a block declares ends with it.
        var variables = new Dictionary<string, object?>(outer, StringComparer.Ordinal);
        foreach (var node in nodes)
        {
            switch (node)
            {
                case TemplateNode.Text text:
                    output.Append(text.Content);
                    break;
                case TemplateNode.Output { Value: var pipeline }:
                    output.Append(TemplateFunctions.Written(Evaluate(pipeline, dot, variables)));
                    break;
                case TemplateNode.Variable variable:
                    variables[variable.Name] = Evaluate(variable.Value, dot, variables);
                    break;
                case TemplateNode.Choice choice:
                    var value = Evaluate(choice.Condition, dot, variables);
                    var isTrue = TemplateFunctions.IsTrue(value);
                    Write(isTrue ? choice.Then : choice.Else, isTrue && choice.MovesDot ? value : dot, variables, output);
                    break;
                case TemplateNode.Loop loop:
                    foreach (var (key, item) in ItemsOf(Evaluate(loop.Items, dot, variables)))
                    {
                        if (loop.KeyName is { } keyName)
                            variables[keyName] = key;
                        if (loop.ItemName is { } name)
                            variables[name] = item;
                        Write(loop.Body, item, variables, output);
                    }

                    break;
            }
        }
    }

    private static IEnumerable<(object? Key, object? Item)> ItemsOf(object? value) =>
        value is IReadOnlyDictionary<string, object?> fields
            ? fields.OrderBy(field => field.Key, StringComparer.Ordinal).Select(field => ((object?)field.Key, field.Value))
            : ((IReadOnlyList<object?>)value!).Select((item, index) => ((object?)(long)index, item));

    private object? Evaluate(Pipeline pipeline, object? dot, Dictionary<string, object?> variables)
    {
        object? result = null;
        foreach (var (index, command) in pipeline.Commands.Index())
        {
            var arguments = command.Skip(1).Select(operand => Evaluate(operand, dot, variables));
            object?[] all = index > 0 ? [.. arguments, result] : [.. arguments];
            result = command[0] is Operand.Function function ? _functions.Call(function.Name, all)
                : Evaluate(command[0], dot, variables) is Func<string, string> method ? method((string)all.Single()!)
                : all.Length == 0 ? Evaluate(command[0], dot, variables)
                : throw new TemplateException($"{command[0]} is no function.");
        }

        return result;
    }

    private object? Evaluate(Operand operand, object? dot, Dictionary<string, object?> variables) => operand switch
    {
        Operand.Literal literal => literal.Value,
        Operand.Nested nested => Evaluate(nested.Value, dot, variables),
        Operand.Function function => _functions.Call(function.Name, []),
        Operand.Field field => field.Names.Aggregate(field.Root.Length == 0 ? dot : variables[field.Root], FieldOf),
        _ => throw new TemplateException($"{operand} is no operand."),
    };

    private static object? FieldOf(object? value, string name) =>
        value is IReadOnlyDictionary<string, object?> fields && fields.TryGetValue(name, out var field)
            ? field
            : throw new TemplateException($"A template names a field {name} that does not exist.");
}
