// What of a model's text is code that a function needs.
#pragma once

#include <string>

namespace freeact {

// Of the first hundred lines the longest run that parses as Python, and of that the imports and every class, assignment
// and function with a return that `entry_point` reaches by name, written anew. Python itself parses, in the sandbox;
// throws EnvironmentError where there is none. "" where nothing remains.
std::string reachable_code(const std::string& text, const std::string& entry_point);

}  // namespace freeact
