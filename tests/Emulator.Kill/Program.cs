using System.Globalization;
using Emulator.Kill;

// "--kills N --seed S": starts a coordinator again and again on one file and kills it. "--child FILE --run N" is what it starts.
var options = args.Chunk(2).Where(pair => pair.Length == 2).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
int Number(string name, int otherwise) => options.TryGetValue(name, out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
if (options.TryGetValue("--child", out var file))
{
    await KillChild.RunAsync(file, Number("--run", 0));
    return 0;
}

var seed = Number("--seed", 1);
Console.Error.WriteLine($"seed {seed}");
var result = await KillParent.RunAsync(Number("--kills", 5), seed, Console.Error);
Console.WriteLine(result);
return result.Held ? 0 : 1;
