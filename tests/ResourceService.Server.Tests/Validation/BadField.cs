using Google.Protobuf;

namespace ResourceService.Server.Tests.Validation;

/// <summary>A request in which one field breaks one rule.</summary>
/// <param name="Field">The field's path, as the answer must name it.</param>
/// <param name="Rule">The rule that it breaks, for the test's name.</param>
/// <param name="Request">The request.</param>
public sealed record BadField(string Field, string Rule, IMessage Request)
{
    public override string ToString() => $"{Request.Descriptor.Name} {Field} {Rule}";
}

/// <summary>One way to break a request.</summary>
public sealed record Break<T>(string Field, string Rule, Action<T> Apply);
