// Restart and lists with a million messages, written straight into the tables.
export async function million(directory: string): Promise<void> {
  console.log(directory)
}
