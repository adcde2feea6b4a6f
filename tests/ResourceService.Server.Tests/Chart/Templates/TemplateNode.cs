namespace ResourceService.Server.Tests.Chart.Templates;

/// <summary>A part of a template.</summary>
internal abstract record TemplateNode
{
    /// <summary>Text as it stands.</summary>
    public sealed record Text(string Content) : TemplateNode;

    /// <summary>The value of a pipeline.</summary>
    public sealed record Output(Pipeline Value) : TemplateNode;

    /// <summary>A variable, from here to the end of the block around it.</summary>
    public sealed record Variable(string Name, Pipeline Value) : TemplateNode;

    /// <summary>One of two blocks; with <paramref name="MovesDot"/> the value is the dot of the first (<c>with</c>).</summary>
    public sealed record Choice(Pipeline Condition, bool MovesDot, IReadOnlyList<TemplateNode> Then, IReadOnlyList<TemplateNode> Else) : TemplateNode;

    /// <summary>A block for each item, which is the dot and, if it has a name, a variable; of a mapping the key is another, if that has one.</summary>
    public sealed record Loop(string? KeyName, string? ItemName, Pipeline Items, IReadOnlyList<TemplateNode> Body) : TemplateNode;
}

/// <summary>Commands, each of which gets what the one before it made as its last argument.</summary>
internal sealed record Pipeline(IReadOnlyList<IReadOnlyList<Operand>> Commands);

/// <summary>One word of a command.</summary>
internal abstract record Operand
{
    /// <summary>A text, number or truth value.</summary>
    public sealed record Literal(object Value) : Operand;

    /// <summary>A function by its name.</summary>
    public sealed record Function(string Name) : Operand;

    /// <summary>Fields of the dot (root "") or of a variable (root "$" or "$name").</summary>
    public sealed record Field(string Root, IReadOnlyList<string> Names) : Operand;

    /// <summary>A pipeline in parentheses.</summary>
    public sealed record Nested(Pipeline Value) : Operand;
}
